import { isPosadaError, type PosadaError } from '../errors/index.ts'
import type { Machine } from '../manifest/index.ts'
import type { MachineState } from '../project/index.ts'
import { placeOf } from '../provider/index.ts'
import { findStored, recipeOf, wantedBox } from './box/wanted-box.ts'
import { foreseeLayer } from './cache/foresee-layer.ts'
import { shownLayer } from './cache/layers-for.ts'
import { userDataDigest } from './cloud-init/user-data.ts'
import { lookAtDisks } from './disks/look.ts'
import { shownBox } from './facts/shown-box.ts'
import { withoutPatience } from './guest/overdue.ts'
import { look } from './observed/look.ts'
import type { Action } from './plan/actions.ts'
import { changesOf } from './plan/changes.ts'
import { decide } from './plan/decide.ts'
import { sparedBy } from './plan/spared-by.ts'
import type { BoxSupply, Declared, Places, Providing, Reporting, Scripts } from './project.ts'
import { foreseeProvision } from './provision/plan-provision.ts'
import type { MachinePlan, PlanResult } from './results.ts'
import { orphansOf, selectMachines, withDependencies } from './select.ts'
import { isKept } from './sync/kept-folders.ts'
import { checkSources } from './sync/sources.ts'

export interface PlanOptions {
  /** None: all. */
  machines: readonly string[]
  /** Whether provision steps would run. */
  provision: boolean
  /** Whether machines that left the manifest would be destroyed. */
  prune: boolean
}

/**
 * What `up` would do now, machine by machine, and why. Nothing is changed, nothing new is fetched and no lock is
 * taken: another command may be at work meanwhile. Throws what `up` would throw before it touches a machine.
 */
export async function plan(
  project: Declared & Places & Providing & Reporting & Scripts & BoxSupply,
  { machines, provision, prune }: PlanOptions,
): Promise<PlanResult> {
  const { manifest, paths } = project
  const wanted = withDependencies(manifest, selectMachines(manifest, machines))
  const orphans = machines.length === 0 ? await orphansOf(manifest, paths) : []
  const gone = prune ? await Promise.all(orphans.map((name) => planEnd(project, name))) : []
  const made = await Promise.all(
    wanted.map((config) => unlessLost(config, () => planMachine(project, config, { provision, prune }))),
  )
  const plans = [...gone, ...made]
  return {
    changes: plans.some(({ actions }) => actions.some((action) => action.do !== 'await-ready')),
    machines: plans,
    orphans: prune ? [] : orphans,
  }
}

/** A machine that left the manifest. */
async function planEnd(project: Places & Providing, name: string): Promise<MachinePlan> {
  const { previous, observed, error } = await look(project, name)
  const actions = decide(previous, observed, { verb: 'destroy', machine: name, isOrphan: true })
  const isRefused = actions.some((action) => action.do === 'refuse')
  return {
    name,
    state: observed.state,
    actions: actions.map(({ machine, ...action }) => action),
    pending: [],
    ...(error === null || !isRefused ? {} : refusal(error)),
  }
}

/** A machine whose provider is not installed: `up` fails for it, and for no other. */
async function unlessLost(
  { name, provider }: Machine,
  work: () => Promise<MachinePlan>,
): Promise<MachinePlan> {
  try {
    return await work()
  } catch (error) {
    const isStep = isPosadaError(error, 'E_PROVISIONER_UNKNOWN')
    if (!isPosadaError(error, 'E_PROVIDER_UNKNOWN', 'E_PROVIDER_INVALID', 'E_PROVISIONER_UNKNOWN'))
      throw error
    const key = isStep ? 'provision' : 'provider'
    const why = [{ key, from: String(error.value ?? provider), to: null }]
    return { name, state: 'unknown', actions: [{ do: 'refuse', why }], pending: [], ...refusal(error) }
  }
}

async function planMachine(
  project: Declared & Places & Providing & Reporting & Scripts & BoxSupply,
  config: Machine,
  { provision, prune }: Omit<PlanOptions, 'machines'>,
): Promise<MachinePlan> {
  const sight = await withoutPatience(project, config, await look(project, config.name))
  const { previous, observed, error } = sight
  await checkSources(config)
  const made = previous?.createdAt === undefined ? null : previous
  const disks = await lookAtDisks(project.paths.machine(config.name), config, made)
  const woken = observed.state === 'suspended'
  const foreseen = provision ? await foreseeProvision(project, config, { state: made, woken }) : null
  const userData = await userDataDigest(config)
  const isNew = made === null && error === null
  const layer =
    foreseen !== null && isNew ? await foreseeLayer(project, config, { foreseen, userData }) : null
  const steps = foreseen === null ? null : sparedBy(layer, foreseen)
  const isSynced = await isKept(project, config)
  const wanted = {
    ...{ verb: 'up' as const, config, steps, userData, isSynced, disks, prune },
    ...shownLayer(layer),
  }
  const actions = decide(previous, observed, wanted)
  await checkProvider(project, config, { previous, actions })
  const isMade = actions.some((action) => action.do === 'make')
  const isStarted = actions.some((action) => action.do === 'start')
  const changes =
    previous === null || isMade ? [] : changesOf(config, previous, { userData, gone: disks.gone })
  return {
    name: config.name,
    state: observed.state,
    actions: actions.map(({ machine, ...action }) => action),
    pending: changes
      .filter(({ effect }) => effect === 'remake' || !isStarted)
      .map(({ key, from, to, effect }) => ({
        key,
        from,
        to,
        takes: effect === 'start' ? 'reload' : 'destroy',
      })),
    ...(disks.left.length === 0 || prune ? {} : { leftDisks: disks.left }),
    ...(isMade ? { box: await boxFor(project, config) } : {}),
    ...(error === null ? {} : refusal(error)),
  }
}

/** The provider that a start would take, where the manifest names it. Code of the project is not loaded to look. */
async function checkProvider(
  { providers }: Providing,
  { provider }: Machine,
  { previous, actions }: { previous: MachineState | null; actions: readonly Action[] },
): Promise<void> {
  const isStarted = actions.some((action) => action.do === 'make' || action.do === 'start')
  if (!isStarted || provider === 'auto' || provider === placeOf(previous?.provider ?? '').provider) return
  try {
    await providers.get(provider)
  } catch (error) {
    if (!isPosadaError(error, 'E_UNTRUSTED')) throw error
  }
}

/** What it would be made from; `stored` is false where `up` would have to fetch it, null where it builds what its recipe says. */
async function boxFor(
  project: Declared & Places & BoxSupply,
  config: Machine,
): Promise<NonNullable<MachinePlan['box']>> {
  if (recipeOf(project, config) !== null) return { name: config.box, stored: null }
  const wanted = await wantedBox(project, config)
  const { locked } = wanted
  if (locked === null) return { name: shownBox(config), stored: (await findStored(project, wanted)) !== null }
  const { name, version, digest, recipe } = locked
  const stored =
    (await project.boxes.list()).some((entry) => entry.digest === digest) ||
    (recipe !== undefined &&
      (await project.boxes.findBuilt({ name, arch: wanted.arch, inputs: recipe })) !== null)
  return { name: `${name}@${version}`, stored }
}

function refusal({ message, code, hint }: PosadaError): Pick<MachinePlan, 'reason' | 'code' | 'hint'> {
  return { reason: message, code, ...(hint === undefined ? {} : { hint }) }
}
