import { PosadaError } from '../../errors/index.ts'
import { nearest } from '../../lib/text/suggest.ts'
import type { Conditions } from '../../lib/values/link-conditions.ts'
import type { Manifest } from '../../manifest/index.ts'
import { readIdentity } from '../../project/index.ts'
import type { Project } from '../project.ts'
import { type Changes, readChanges, writeChanges } from './changes-file.ts'
import { listNetworks, type NetworkResult } from './list.ts'
import { reloadNetworks } from './process.ts'

export interface ConditionsOptions {
  /** None: the whole network's. Two: those of the way between these. */
  machines: readonly string[]
  /** Null: the only one there is, every one that both machines are on, or all where nothing is set and no machine named. */
  network: string | null
  /** Laid over what is so. */
  set: Conditions
  /** Goes back to the manifest's first. */
  reset: boolean
}

/**
 * Changes conditions, at once where machines run, and until they are reset or the project is destroyed. Where nothing is
 * set or reset it only looks.
 */
export async function networkConditions(
  project: Project,
  options: ConditionsOptions,
): Promise<NetworkResult[]> {
  const { machines, network, set, reset } = options
  const isLook = Object.keys(set).length === 0 && !reset
  if (isLook && network === null && machines.length === 0) return (await listNetworks(project)).networks
  const names = networksMeant(project.manifest, options)
  const shown = async () => (await listNetworks(project)).networks.filter(({ name }) => names.includes(name))
  if (isLook) return await shown()
  const path = project.paths.networks.changes
  const changes = names.reduce((before, name) => withChange(before, name, options), await readChanges(path))
  const identity = await readIdentity(project.paths)
  if (identity === null)
    throw new PosadaError('E_NOT_CREATED', 'the project has no machines yet', {
      hint: 'posada up creates them',
    })
  await writeChanges(path, changes)
  await reloadNetworks(project, identity.id)
  return await shown()
}

/** The changes with one more. Pure. */
export function withChange(
  changes: Changes,
  name: string,
  { machines, set, reset }: Pick<ConditionsOptions, 'machines' | 'set' | 'reset'>,
): Changes {
  const before = changes.networks[name] ?? { conditions: {}, pairs: [] }
  const [a, b] = machines
  const put = (after: typeof before): Changes => ({
    ...changes,
    networks: { ...changes.networks, [name]: after },
  })
  if (a === undefined || b === undefined)
    return put({
      conditions: { ...(reset ? {} : before.conditions), ...set },
      pairs: reset ? [] : before.pairs,
    })
  const isIt = ({ between }: { between: [string, string] }) => between.includes(a) && between.includes(b)
  const known = reset ? {} : before.pairs.find(isIt)?.conditions
  const others = before.pairs.filter((pair) => !isIt(pair))
  const conditions = { ...known, ...set }
  const isEmpty = Object.keys(conditions).length === 0
  return put({ ...before, pairs: isEmpty ? others : [...others, { between: [a, b], conditions }] })
}

/** What to write instead of the name of a network that there is not. */
export function networkHint(near: string | undefined, known: readonly string[]): string {
  if (known.length === 0) return "the manifest has none; describe one under 'networks:'"
  return near === undefined ? `networks are: ${known.join(', ')}` : `did you mean '${near}'?`
}

/** Names of the networks that are to change. Pure. @throws PosadaError E_NETWORK_UNKNOWN, E_MACHINE_UNKNOWN, E_USAGE */
export function networksMeant({ networks, machines }: Manifest, options: ConditionsOptions): string[] {
  const known = networks.map(({ name }) => name)
  if (options.network !== null && !known.includes(options.network)) {
    const near = nearest(options.network, known)
    throw new PosadaError('E_NETWORK_UNKNOWN', `there is no network '${options.network}'`, {
      value: options.network,
      hint: networkHint(near, known),
    })
  }
  for (const name of options.machines) {
    if (machines.some((machine) => machine.name === name)) continue
    throw new PosadaError('E_MACHINE_UNKNOWN', `there is no machine '${name}'`, {
      value: name,
      hint: 'posada network list shows them',
    })
  }
  if (options.machines.length === 1 || new Set(options.machines).size !== options.machines.length)
    throw new PosadaError('E_USAGE', 'conditions apply to a whole network or to two machines', {
      hint: 'name two machines, or none',
    })
  const wanted = networks.filter(({ name }) => {
    if (options.network !== null && options.network !== name) return false
    return options.machines.every((one) =>
      machines.find((machine) => machine.name === one)?.networks.some(({ network }) => network === name),
    )
  })
  const mayBeSeveral =
    options.machines.length === 2 || (options.reset && Object.keys(options.set).length === 0)
  if (wanted.length === 1 || (wanted.length > 1 && mayBeSeveral)) return wanted.map(({ name }) => name)
  throw new PosadaError(
    'E_USAGE',
    wanted.length === 0 ? 'no network fits' : `the project has ${wanted.length} networks`,
    {
      hint:
        known.length === 0 ? 'add one under networks: in the manifest' : `say which: --network ${known[0]}`,
    },
  )
}
