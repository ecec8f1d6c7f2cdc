import { join } from 'node:path'
import { isPosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { isAlive } from '../../lib/process/process-identity.ts'
import {
  type Capabilities,
  forwardsOf,
  type MachineSpec,
  type MachineStatus,
  type ProbeReport,
  type Provider,
  providerAt,
  type StopResult,
  type Usage,
} from '../../provider/index.ts'
import type { Watched } from '../link/config.ts'
import { type Link, type LinkPlace, openLink } from '../link/launch.ts'
import { formatHost } from '../wire/address.ts'
import { filesOf, type SentMachine, type SentSpec, withPaths } from '../wire/sent-spec.ts'
import { digestsOf } from './digests.ts'
import { sendFiles } from './send-files.ts'

export interface RemoteContext extends LinkPlace {
  emit: Emit
}

/**
 * A provider whose machines run on another host, where the same Posada carries out what is asked of it. What is pure is
 * asked of `local`, the same provider here. The machine's ports are listened to on this host, and what it writes is copied
 * to `files` of its spec, as long as the process lives that keeps the connection.
 */
export async function remoteProvider(local: Provider, context: RemoteContext): Promise<Provider> {
  const host = formatHost(context.address)
  const { through, link } = lastingLink(context)
  const far = (await through((to) => to.ask({ do: 'facts', provider: local.name }))) as Capabilities
  const ask = async (method: string, spec: MachineSpec, { args = [], sent, signal }: Asked = {}) =>
    through((to) =>
      to.ask(
        { do: 'call', provider: local.name, method, machine: machineOf(spec), spec: sent, args },
        signal,
      ),
    )
  const send = async (spec: MachineSpec, signal?: AbortSignal): Promise<SentSpec> => {
    const { files: _, shares: __, ...rest } = spec
    const files = await digestsOf(filesOf(rest), join(context.user.hosts, 'digests.json'))
    await through((to) => sendFiles(files, { link: to, machine: spec.name, emit: context.emit, signal }))
    const file = (path: string) => `sha256:${files.get(path)?.digest}`
    return withPaths(rest, { file, disk: (name) => name })
  }
  const watch = (verb: 'watch' | 'unwatch', spec: MachineSpec) =>
    through((to) => to.ask({ do: verb, machine: watchedOf(spec) }))
  return {
    name: providerAt(local.name, host),
    capabilities: () => reduced(far, host),
    probe: async ({ fresh = false, signal } = {}) =>
      (await through((to) => to.ask({ do: 'probe', provider: local.name, fresh }, signal))) as ProbeReport,
    checkOptions: (options) => local.checkOptions(options),
    hostOptions: (options) => local.hostOptions?.(options) ?? [],
    create: async (spec) => {
      await ask('create', spec, { sent: await send(spec) })
    },
    start: async (spec, { signal } = {}) => {
      await watch('watch', spec)
      try {
        await ask('start', spec, {
          sent: await send(spec, signal),
          ...(signal === undefined ? {} : { signal }),
        })
      } catch (error) {
        // Where that fails too, the first failure is what counts.
        await watch('unwatch', spec).catch(() => undefined)
        throw error
      }
    },
    status: async (spec) => {
      const { pid: _, ...found } = (await ask('status', spec)) as MachineStatus & { pid?: number }
      if (found.state !== 'absent') await watch(found.state === 'stopped' ? 'unwatch' : 'watch', spec)
      const isUp = found.state === 'running' || found.state === 'paused'
      return (isUp ? { ...found, link: (await link()).process.pid } : found) as MachineStatus
    },
    stop: async (spec, { signal, ...options }) => {
      const result = await ask('stop', spec, { args: [options], ...(signal === undefined ? {} : { signal }) })
      await watch('unwatch', spec)
      return result as StopResult
    },
    pause: async (spec) => void (await ask('pause', spec)),
    resume: async (spec) => void (await ask('resume', spec)),
    destroy: async (spec) => {
      await watch('unwatch', spec)
      await ask('destroy', spec, { args: [spec.disks.map(({ name }) => name)] })
    },
    usage: async (spec) => (await ask('usage', spec)) as Usage | null,
    writeConsole: async (spec, bytes, signal) => {
      const text = Buffer.from(bytes).toString('base64')
      return (
        (await ask('writeConsole', spec, { args: [text], ...(signal === undefined ? {} : { signal }) })) ===
        true
      )
    },
    open: async (spec, to, signal) =>
      (await through((at) => at.open({ do: 'open', machine: machineOf(spec), to }, signal))).stream,
  }
}

/** The link, and another in its place where its process was ended meanwhile: what is asked may be asked again. */
function lastingLink(context: RemoteContext) {
  let opened: Promise<Link> | undefined
  const link = () => {
    opened ??= openLink(context)
    return opened
  }
  const through = async <T>(work: (to: Link) => Promise<T>): Promise<T> => {
    const first = await link()
    try {
      return await work(first)
    } catch (error) {
      if (!isPosadaError(error, 'E_HOST_LOST') || (await isAlive(first.process))) throw error
      opened = undefined
      return work(await link())
    }
  }
  return { link, through }
}

interface Asked {
  args?: unknown[]
  /** With `create` and `start`: all of it; others go by what these were given. */
  sent?: SentSpec
  signal?: AbortSignal
}

function machineOf({ id, uuid }: MachineSpec): SentMachine {
  return { id, uuid }
}

function watchedOf(spec: MachineSpec): Watched {
  const { id, uuid, files } = spec
  return {
    ...{ id, uuid },
    ports: forwardsOf(spec).map(({ hostAddress: address, hostPort: port, guestPort }) => ({
      address,
      port,
      guestPort,
    })),
    logs: { console: files.consoleLog, provider: files.providerLog },
  }
}

/** What needs files of the other host here, or files of this one there, is left out. Pure. */
function reduced(far: Capabilities, host: string): Capabilities {
  const { arch, boot, pause, nested, agent, ready, media, limits, network, isolation } = far
  return {
    ...{ host, arch, boot, pause, nested, agent, udpForward: false, hostAccess: true },
    ...(ready === undefined ? {} : { ready }),
    ...(media === undefined ? {} : { media }),
    ...(limits === undefined ? {} : { limits }),
    ...(network === undefined ? {} : { network }),
    ...(isolation === undefined ? {} : { isolation }),
  }
}
