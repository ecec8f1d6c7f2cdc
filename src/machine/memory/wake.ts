import { isPosadaError } from '../../errors/index.ts'
import { hostBootId } from '../../lib/process/boot-id.ts'
import type { Machine } from '../../manifest/index.ts'
import { ensureRuntimeDir, type MachineState, type SavedMemory } from '../../project/index.ts'
import { type MachineSpec, type Provider, sshForward } from '../../provider/index.ts'
import { beforeStart } from '../companions/all.ts'
import { madeFrom } from '../facts/made-from.ts'
import { giveIdentity } from '../identity/give-identity.ts'
import { inStep } from '../in-step.ts'
import { withLayers } from '../layers/chain.ts'
import { marksOf } from '../layers/next-disks.ts'
import { settleDisks } from '../layers/settle.ts'
import { portHolder } from '../ports/holder.ts'
import { choosePorts } from '../ports/host-ports.ts'
import type { Project } from '../project.ts'
import { record } from '../record.ts'
import { cannotSave, checkMemory, diskFlaw, memoryFile, unusable } from './check.ts'
import { forgetMemory } from './forget.ts'
import { setClock } from './set-clock.ts'

export interface Sleeper {
  projectId: string
  config: Machine
  provider: Provider
  state: MachineState
  /** Whether the file of its memory was read through a moment ago. Left out: false. */
  isChecked?: boolean
}

/** Brings a suspended machine back: with its memory loaded it goes on, and its clock is set. Returns the state as written. */
export async function wake(project: Project, sleeper: Sleeper): Promise<MachineState> {
  const step = { machine: sleeper.config.name, step: 'resume', message: 'resuming' }
  return inStep(project.emit, step, async () => {
    const loaded = await loadMemory(project, sleeper)
    const state = await goOn(project, { ...sleeper, state: loaded })
    // A copy was told the time with who it is.
    if (sleeper.state.copy?.due !== true) await setClock(project, { ...sleeper, state })
    return state
  })
}

/** Has its memory loaded; it stands still then. Cut short, it is suspended as before. */
export async function loadMemory(project: Project, sleeper: Sleeper): Promise<MachineState> {
  const { config, provider, projectId, isChecked = false } = sleeper
  const paths = project.paths.machine(config.name)
  const settled = await settleDisks(paths, sleeper.state)
  const { suspended: memory } = settled
  if (memory === undefined) throw new Error(`${config.name} has no saved memory`)
  if (provider.load === undefined) throw cannotSave(provider, config.name)
  const hint = coldHint(config.name, memory)
  // That it is there: without it the guest would go on over nothing.
  await madeFrom(project, settled)
  const { spec, ports } = await withPorts(project, { ...sleeper, state: settled })
  // What no one has written to since, on a host that was not restarted, is what was written then.
  const isOfThisRun = memory.bootId !== undefined && memory.bootId === (await hostBootId())
  const content = isChecked ? null : isOfThisRun ? 'mark' : 'whole'
  await checkMemory({ provider, spec, memory, paths, hint, content })
  const path = memoryFile(paths, memory)
  const why = diskFlaw(memory, await marksOf(spec.disks, 'now'))
  if (why !== null) throw unusable({ machine: config.name, path, why, hint })
  const disks = await withLayers(paths, spec.disks)
  await ensureRuntimeDir(project.user.runtime, spec.id)
  const state = await record(paths, (now) => ({ ...now, spec: { ...spec, disks }, ports }))
  await beforeStart(project, { config, projectId })
  try {
    await provider.load(state.spec, path, { signal: project.signal, layout: memory.layout })
  } catch (error) {
    await provider.stop(state.spec, { graceful: false, timeout: 0 })
    const isOther = project.signal.aborted || isPosadaError(error, 'E_PORT_IN_USE')
    if (isOther || !isPosadaError(error)) throw error
    throw unusable({ machine: config.name, path, why: error.message, hint, cause: error })
  }
  return state
}

function coldHint(machine: string, { snapshot }: SavedMemory): string {
  const boots = `posada up --cold ${machine} boots the machine from its disks, as after a power cut`
  return snapshot === undefined
    ? boots
    : `${boots}; posada snapshot restore --cold does so with a snapshot's disks`
}

/** The host's ports may be taken, or the manifest's have changed, meanwhile; the guest sees nothing of them. */
async function withPorts(
  project: Project,
  { config, state: { spec, guest = 'linux', ports: before } }: Sleeper,
): Promise<{ spec: MachineSpec; ports: MachineState['ports'] }> {
  if (!spec.nics.some(({ kind }) => kind === 'user')) return { spec, ports: before }
  const others = project.manifest.machines.filter(({ name }) => name !== config.name)
  const { forwards, ports } = await choosePorts(
    { ...config, guest },
    { ssh: sshForward(spec)?.hostPort, ports: before },
    {
      others: others.flatMap((machine) => machine.ports.filter(({ auto }) => !auto)),
      holderOf: (port) => portHolder(project, port),
    },
  )
  const nics = spec.nics.map((nic) => (nic.kind === 'user' ? { ...nic, forwards } : nic))
  return { spec: { ...spec, nics }, ports }
}

/**
 * Lets a machine go on that stands still. What was saved of its memory is forgotten first: once its disks are written to,
 * it would destroy them. One whose memory is another's becomes a machine of its own on the way; where it does not, it is
 * ended: E_IDENTITY.
 */
export async function goOn(
  project: Project,
  { config, provider, state }: Pick<Sleeper, 'config' | 'provider' | 'state'>,
): Promise<MachineState> {
  const paths = project.paths.machine(config.name)
  const isOther = state.copy?.due === true
  if (isOther) await provider.setLinks?.(state.spec, false)
  const now = state.suspended === undefined ? state : await forgetMemory(paths)
  await provider.resume(now.spec)
  return isOther ? giveIdentity(project, { config, provider, state: now }) : now
}
