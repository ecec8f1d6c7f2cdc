import type { Machine, MountedFolder } from '../../manifest/index.ts'
import { isUnsettled, type MachineState } from '../../project/index.ts'
import { type DisksFound, noDisks } from '../disks/look.ts'
import type { Found, Observed } from '../facts/observed.ts'
import { hasShare } from '../sync/mounts.ts'
import type { Action, Reason } from './actions.ts'
import { changesOf } from './changes.ts'
import { keptDisks, mountDisks, removeDisks } from './decide-disks.ts'

/** A provision step, and whether it is to run. */
export interface StepDecision {
  name: string
  due: boolean
  /** Digests of what it does: as it last ran, null where it never did; and now, null where it is yet to be fetched. */
  from: string | null
  to: string | null
  /** Whether it runs every time. */
  always?: boolean
  /** Whether the disk is kept behind it. */
  cache?: boolean
}

interface Up {
  config: Machine
  /** Null: provision steps are not to run. */
  steps: readonly StepDecision[] | null
  /** The digest of the manifest's user-data; undefined where that cannot be told. */
  userData: string | null | undefined
  /** False: no process keeps the folders of the host equal, though the manifest says so. */
  isSynced?: boolean
  /** The layer that it would be made from, for people; left out: its box. */
  layer?: string
  /** Left out: it has none of its own. */
  disks?: DisksFound
  /** Whether disks that left the manifest are removed. Left out: false. */
  prune?: boolean
  /** Whether a suspended machine boots, without what it had in memory. Left out: false. */
  cold?: boolean
}

/** What is asked for, of one machine. */
export type Wanted =
  | ({ verb: 'up' } & Up)
  | { verb: 'halt'; machine: string; force: boolean }
  | ({ verb: 'reload'; force: boolean } & Up)
  | { verb: 'suspend'; machine: string }
  /** `isOrphan`: because it is no longer in the manifest. */
  | { verb: 'destroy'; machine: string; isOrphan?: boolean }

/** A machine of which nothing is known but its name, and one that has a process. */
const unreadable: ReadonlySet<Found> = new Set<Found>(['damaged', 'foreign'])
const upStates: ReadonlySet<Found> = new Set<Found>([
  ...(['starting', 'overdue', 'running', 'paused', 'stalled', 'panicked'] as const),
])

/**
 * What is to be done to a machine, in order, each with its reasons; nothing where it is as it is wanted. `previous`
 * is what is recorded of it, null where it was never made or its records cannot be read. Pure.
 */
export function decide(previous: MachineState | null, observed: Observed, wanted: Wanted): Action[] {
  switch (wanted.verb) {
    case 'up':
      return up(previous, observed, wanted)
    case 'halt':
      return halt(observed, wanted)
    case 'reload':
      return reload(previous, observed, wanted)
    case 'suspend':
      return suspend(previous, observed, wanted)
    case 'destroy':
      return destroy(observed, wanted)
  }
}

function up(previous: MachineState | null, observed: Observed, wanted: Up): Action[] {
  const machine = wanted.config.name
  if (unreadable.has(observed.state)) return [refuse(machine, observed)]
  const run = toRunning(previous, observed, wanted)
  const isStarted = run.some((action) => action.do === 'make' || action.do === 'start')
  const [early, late] = stepsAround(run, wanted)
  return [
    ...run,
    ...removeDisks(previous, wanted, isStarted),
    ...enter(previous, wanted, isStarted),
    ...mountDisks(previous, wanted, isStarted),
    ...provision(machine, early),
    ...sync(previous, wanted, isStarted),
    ...provision(machine, late),
    ...awaitReady(previous, wanted),
  ]
}

/** The project's folders come behind the steps that a new machine's disk is kept after: it has nothing of them. */
function stepsAround(run: readonly Action[], { config, steps }: Up): [StepDecision[], StepDecision[]] {
  const isMade = run.some((action) => action.do === 'make')
  const all = steps ?? []
  const hasFolders = config.sync.length + config.mounts.length > 0
  const cut = isMade && hasFolders ? all.findLastIndex(({ due, cache }) => due && cache === true) + 1 : 0
  return [all.slice(0, cut), all.slice(cut)]
}

/** From how it was found to a machine that runs. */
function toRunning(previous: MachineState | null, observed: Observed, wanted: Up): Action[] {
  const machine = wanted.config.name
  const toRun = towards(observed, 'running')
  const start = (): Action => {
    if (previous?.createdAt === undefined) {
      const layer = wanted.layer === undefined ? [] : [{ key: 'cache', from: null, to: wanted.layer }]
      return { do: 'make', machine, why: [toRun, ...layer, ...keptDisks(wanted)] }
    }
    const { config, userData, disks: { gone } = noDisks } = wanted
    const changes = changesOf(config, previous, { userData, gone }).filter(({ effect }) => effect === 'start')
    return { do: 'start', machine, why: [toRun, ...changes.map(({ key, from, to }) => ({ key, from, to }))] }
  }
  switch (observed.state) {
    case 'panicked':
    case 'overdue':
      return [{ do: 'cut-power', machine, why: [towards(observed, 'stopped')] }, start()]
    case 'paused':
    case 'stalled':
      return [{ do: 'resume', machine, why: [toRun] }]
    case 'suspended':
      return wanted.cold === true
        ? [discard(machine, observed), start()]
        : [{ do: 'resume', machine, why: [toRun] }]
    case 'starting':
    case 'running':
      return []
    default:
      return [start()]
  }
}

function enter(previous: MachineState | null, { config }: Up, isStarted: boolean): Action[] {
  if (isStarted && config.guest === 'other') return []
  const isOpen = !isStarted && previous?.start?.readyAt !== undefined
  if (isOpen && !isUnsettled(previous)) return []
  const from = isOpen ? 'cloud-init has not ended' : null
  return [{ do: 'enter', machine: config.name, why: [{ key: 'login', from, to: 'open' }] }]
}

/**
 * Folders of the host, before the steps that work in them. What is mirrored may have changed on either side while
 * the machine was down, or while nothing kept it equal.
 */
function sync(previous: MachineState | null, { config, isSynced = true }: Up, isStarted: boolean): Action[] {
  const known = previous?.createdAt === undefined ? {} : (previous.folders ?? {})
  const synced = config.sync.filter(
    ({ from, to, type }) => known[to]?.from !== from || (type === 'mirror' && (isStarted || !isSynced)),
  )
  const { spec, start } = previous ?? {}
  // One that a machine was not started with waits for its next start, which `changesOf` tells.
  const isDue = (folder: MountedFolder) =>
    spec !== undefined && hasShare(spec, folder) && (known[folder.to]?.at ?? '') < (start?.at ?? '')
  const due = [...synced, ...config.mounts.filter((folder) => isStarted || isDue(folder))]
  if (due.length === 0) return []
  const why = due.map(({ from, to }) => ({ key: `sync.${to}`, from: known[to]?.from ?? null, to: from }))
  return [{ do: 'sync', machine: config.name, why, folders: due.map(({ to }) => to) }]
}

function provision(machine: string, steps: readonly StepDecision[]): Action[] {
  const due = steps.filter((step) => step.due)
  if (due.length === 0) return []
  const why = due.map(({ name, from, to }) => ({ key: `provision.${name}`, from, to }))
  return [{ do: 'provision', machine, why, steps: due.map(({ name }) => name) }]
}

/** Steps that never ran would first have to bring about what is looked for. */
function awaitReady(previous: MachineState | null, { config, steps }: Up): Action[] {
  // Those that a layer has were never run in this machine.
  const willBe = new Set(
    (steps ?? []).filter(({ due, from }) => due || from !== null).map(({ name }) => name),
  )
  const isLeft = config.provision.some(
    ({ name, run }) => run !== 'never' && previous?.provision[name] === undefined && !willBe.has(name),
  )
  if (config.ready.length === 0 || isLeft) return []
  return [{ do: 'await-ready', machine: config.name, why: [{ key: 'ready', from: null, to: 'ready' }] }]
}

function halt(observed: Observed, { machine, force }: { machine: string; force: boolean }): Action[] {
  if (unreadable.has(observed.state)) return [refuse(machine, observed)]
  if (observed.state === 'suspended' && force) return [discard(machine, observed)]
  if (!upStates.has(observed.state)) return []
  // A guest whose kernel panicked hears nothing.
  const isDeaf = observed.state === 'panicked'
  return [{ do: force || isDeaf ? 'cut-power' : 'shut-down', machine, why: [towards(observed, 'stopped')] }]
}

/** Only what was open once has something in memory that is worth the while; a guest that does nothing any more, nothing. */
function suspend(
  previous: MachineState | null,
  observed: Observed,
  { machine }: { machine: string },
): Action[] {
  if (unreadable.has(observed.state)) return [refuse(machine, observed)]
  if (!upStates.has(observed.state)) return []
  const isOpen = previous?.start?.readyAt !== undefined && observed.state !== 'panicked'
  if (!isOpen) return [refuse(machine, observed)]
  return [{ do: 'suspend', machine, why: [towards(observed, 'suspended')] }]
}

/** It is stopped where it runs, after it went on where it was suspended, and then brought up with what the manifest says. */
function reload(
  previous: MachineState | null,
  observed: Observed,
  { force, ...wanted }: Up & { force: boolean },
): Action[] {
  const machine = wanted.config.name
  const isWoken = observed.state === 'suspended' && !force
  const running: Observed = { state: 'running', detail: null }
  const down: Action[] = [
    ...(isWoken ? [{ do: 'resume' as const, machine, why: [towards(observed, 'running')] }] : []),
    ...halt(isWoken ? running : observed, { machine, force }),
  ]
  const isDown = upStates.has(observed.state) || observed.state === 'suspended'
  const found: Observed = isDown ? { state: 'stopped', detail: null } : observed
  return unreadable.has(observed.state) ? down : [...down, ...up(previous, found, wanted)]
}

function destroy(
  observed: Observed,
  { machine, isOrphan = false }: { machine: string; isOrphan?: boolean },
): Action[] {
  if (observed.state === 'absent') return []
  if (observed.state === 'foreign') return [refuse(machine, observed)]
  const left = isOrphan ? [{ key: 'machines', from: machine, to: null }] : []
  const why = [...left, towards(observed, 'absent')]
  // Also where no process was found: one that was missed would go on, on disks that are gone.
  return [
    { do: 'cut-power', machine, why },
    { do: 'remove', machine, why },
  ]
}

function discard(machine: string, observed: Observed): Action {
  return { do: 'discard-memory', machine, why: [towards(observed, 'stopped')] }
}

function refuse(machine: string, observed: Observed): Action {
  return { do: 'refuse', machine, why: [towards(observed, null)] }
}

function towards({ state, detail }: Observed, to: Found | null): Reason {
  return { key: 'state', from: detail === null ? state : `${state} (${detail})`, to }
}
