import type { PosadaError } from '../errors/index.ts'
import type { Machine } from '../manifest/index.ts'
import { machinesOnDisk } from '../project/index.ts'
import { findStored, recipeOf, wantedBox } from './box/wanted-box.ts'
import { userDataDigest } from './cloud-init/user-data.ts'
import { shownBox } from './facts/shown-box.ts'
import { withoutPatience } from './guest/overdue.ts'
import { look } from './observed/look.ts'
import { changesOf } from './plan/changes.ts'
import { decide } from './plan/decide.ts'
import type { BoxSupply, Declared, Places, Providing, Reporting, Scripts } from './project.ts'
import { foreseeProvision } from './provision/plan-provision.ts'
import type { MachinePlan, PlanResult } from './results.ts'
import { selectMachines, withDependencies } from './select.ts'
import { isKept } from './sync/kept-folders.ts'
import { checkSources } from './sync/sources.ts'

export interface PlanOptions {
  /** None: all. */
  machines: readonly string[]
  /** Whether provision steps would run. */
  provision: boolean
}

/**
 * What `up` would do now, machine by machine, and why. Nothing is changed, nothing new is fetched and no lock is
 * taken: another command may be at work meanwhile. Throws what `up` would throw before it touches a machine.
 */
export async function plan(
  project: Declared & Places & Providing & Reporting & Scripts & BoxSupply,
  { machines, provision }: PlanOptions,
): Promise<PlanResult> {
  const { manifest, paths } = project
  const wanted = withDependencies(manifest, selectMachines(manifest, machines))
  const plans = await Promise.all(wanted.map((config) => planMachine(project, config, provision)))
  const named = new Set(manifest.machines.map(({ name }) => name))
  const onDisk = machines.length === 0 ? await machinesOnDisk(paths) : []
  return {
    changes: plans.some(({ actions }) => actions.some((action) => action.do !== 'await-ready')),
    machines: plans,
    orphans: onDisk.filter((name) => !named.has(name)),
  }
}

async function planMachine(
  project: Declared & Places & Providing & Reporting & Scripts & BoxSupply,
  config: Machine,
  provision: boolean,
): Promise<MachinePlan> {
  const sight = await withoutPatience(project, config, await look(project, config.name))
  const { previous, observed, error } = sight
  await checkSources(config)
  const steps = provision ? await foreseeProvision(project, config, previous) : null
  const userData = await userDataDigest(config)
  const isSynced = await isKept(project, config)
  const actions = decide(previous, observed, { verb: 'up', config, steps, userData, isSynced })
  const isMade = actions.some((action) => action.do === 'make')
  const isStarted = actions.some((action) => action.do === 'start')
  const changes = previous === null || isMade ? [] : changesOf(config, previous, userData)
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
    ...(isMade ? { box: await boxFor(project, config) } : {}),
    ...(error === null ? {} : refusal(error)),
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
