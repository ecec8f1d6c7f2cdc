import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { nearest } from '../../lib/text/suggest.ts'
import type { Manifest } from '../../manifest/index.ts'
import { type CaptureRequest, readCapture } from '../../network/index.ts'
import type { Project } from '../project.ts'
import { selectMachines } from '../select.ts'
import { captureSocket } from './ask.ts'
import { networkHint } from './conditions.ts'

export interface CaptureOptions {
  /** Networks and machines; none means all networks. */
  names: readonly string[]
  /** Bytes kept of a frame; 0 for all. */
  snaplen: number
  /** Frames and milliseconds after which it ends; null for no limit. */
  count: number | null
  duration: number | null
  /** Takes the file, whole blocks of it at a time. */
  write(bytes: Buffer): Promise<void>
}

export interface CaptureResult {
  packets: number
  /** Frames that came faster than they were taken: they are missing, and the file says so. */
  dropped: number
  bytes: number
  /** The machines' networks have ended meanwhile. */
  broken: boolean
}

/**
 * Writes what passes on private networks as a pcapng file, until a limit is reached, the user interrupts
 * (not a failure) or the networks end.
 *
 * @throws PosadaError E_NETWORK_UNKNOWN, E_USAGE, E_NOT_RUNNING where no network is up
 */
export async function captureNetworks(project: Project, options: CaptureOptions): Promise<CaptureResult> {
  const { count, duration, write, snaplen } = options
  const request = { ...namesIn(project.manifest, options.names), snaplen }
  const path = await captureSocket(project)
  const enough = new AbortController()
  const timer = duration === null ? undefined : setTimeout(() => enough.abort(), duration)
  try {
    const signal = AbortSignal.any([project.signal, enough.signal])
    const captured = path === null ? null : await readCapture(path, request, { write, count, signal })
    if (captured !== null) return captured
  } finally {
    clearTimeout(timer)
  }
  throw new PosadaError('E_NOT_RUNNING', 'no running machine of the project is on a private network', {
    hint: 'posada up starts them; posada network list shows which are linked',
  })
}

/** What the names mean. Pure. */
export function namesIn(
  manifest: Manifest,
  names: readonly string[],
): Pick<CaptureRequest, 'networks' | 'machines'> {
  const networks = manifest.networks.map(({ name }) => name)
  if (networks.length === 0)
    throw new PosadaError('E_USAGE', 'the project has no private networks', {
      hint: 'add one under networks: in the manifest',
    })
  const others = names.filter((name) => !networks.includes(name))
  return {
    networks: names.filter((name) => networks.includes(name)),
    machines: others.flatMap((name) => machinesNamed(manifest, name, networks)),
  }
}

function machinesNamed(manifest: Manifest, name: string, networks: readonly string[]): string[] {
  try {
    const found = selectMachines(manifest, [name])
    const joined = found.filter((machine) => machine.networks.length > 0)
    if (joined.length > 0) return joined.map((machine) => machine.name)
  } catch (error) {
    if (!isPosadaError(error, 'E_MACHINE_UNKNOWN')) throw error
    const machines = manifest.machines.map((machine) => machine.name)
    const near = nearest(name, [...networks, ...machines])
    throw new PosadaError('E_NETWORK_UNKNOWN', `there is no network or machine '${name}'`, {
      value: name,
      hint: networkHint(near, networks),
    })
  }
  throw new PosadaError('E_USAGE', `${name} is not on a private network`, {
    value: name,
    hint: 'posada network list shows which machines are',
  })
}
