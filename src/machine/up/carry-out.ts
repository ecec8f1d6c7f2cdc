import { isUnsettled, type MachineState, readState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import type { LayerSaver } from '../cache/save-layers.ts'
import { settleCloudInit } from '../cloud-init/settle.ts'
import { removeDisks } from '../disks/remove.ts'
import { logIn } from '../guest/login.ts'
import { openSession } from '../guest/reach-guest.ts'
import { forgetMemory } from '../memory/forget.ts'
import { explainStall } from '../observed/stall.ts'
import type { Action } from '../plan/actions.ts'
import type { Project } from '../project.ts'
import { runProvision } from '../provision/run-provision.ts'
import { untilReady } from '../readiness/until-ready.ts'
import type { ProvisionResult } from '../results.ts'
import { makesLayers } from '../warm/why-cold.ts'
import { chooseProvider } from './choose-provider.ts'
import { cutPower } from './cut-power.ts'
import { resumeMachine } from './resume-machine.ts'
import { startMachine } from './start.ts'
import { StepProgress } from './step-progress.ts'
import { begunAgain, undoUnfinished } from './undo-start.ts'
import type { WorkInputs } from './work-inputs.ts'

/** A machine that has been brought up. */
export interface Done {
  provider: Provider
  state: MachineState
  steps: ProvisionResult[]
  /** Null: no probe was waited for. */
  ready: boolean | null
}

/** Does what was decided, in order. Nothing is decided here. */
export async function carryOut(
  project: Project,
  inputs: WorkInputs,
  actions: readonly Action[],
): Promise<Done> {
  const work = new Work(project, inputs)
  try {
    for (const action of actions) await work.perform(action)
    const done = await work.end()
    work.handOver()
    return done
  } finally {
    await work.close()
  }
}

/** What becomes of a machine while it is worked on. */
class Work {
  readonly #project: Project
  readonly #inputs: WorkInputs
  #made: { provider: Provider; state: MachineState } | null
  #session: SshSession | null = null
  readonly #steps: StepProgress
  #saver: LayerSaver | null = null
  #ready: true | null = null

  constructor(project: Project, inputs: WorkInputs) {
    this.#project = project
    this.#inputs = inputs
    const { sight, plan } = inputs
    this.#steps = new StepProgress(plan)
    this.#made = sight.previous === null ? null : { provider: sight.provider, state: sight.previous }
  }

  async perform(action: Action): Promise<void> {
    switch (action.do) {
      case 'refuse':
        throw this.#inputs.sight.error
      case 'make':
      case 'start':
        return this.#start(action.do === 'make')
      case 'resume':
        return this.#resume()
      case 'discard-memory':
        return this.#discardMemory()
      case 'cut-power':
        return this.#cutPower()
      case 'enter':
        return this.#inGuest(() => this.#enter())
      case 'mount-disks':
        return this.#inGuest(() => this.#mountDisks(action.disks))
      case 'remove-disks':
        return removeDisks(this.#project, this.#inputs.config, action.disks)
      case 'sync':
        return this.#inGuest(() => this.#sync(action.folders))
      case 'provision':
        return this.#inGuest(() => this.#provision(action.steps))
      case 'await-ready':
        return this.#inGuest(() => this.#awaitReady())
      case 'shut-down':
      case 'suspend':
      case 'remove':
        throw new Error(`up does not ${action.do}`)
    }
  }

  /** Steps that are done already are told of where none was due. */
  async end(): Promise<Done> {
    await this.#provision()
    await this.#saver?.end()
    return { ...this.#known, steps: this.#steps.results, ready: this.#ready }
  }

  /** A step may have changed what a login gives: whoever comes after it logs in again. */
  handOver(): void {
    const { handOver, config } = this.#inputs
    const isChanged = this.#steps.results.some(({ result }) => result === 'ran')
    if (this.#session === null || isChanged) return
    if (handOver?.(config.name, this.#session) === true) this.#session = null
  }

  async close(): Promise<void> {
    await this.#session?.close()
    await this.#saver?.end()
  }

  get #known() {
    if (this.#made === null) throw new Error('the machine is not made yet')
    return this.#made
  }

  async #start(isNew: boolean): Promise<void> {
    const { config, projectId, memory } = this.#inputs
    const before = this.#made?.state ?? null
    const previous = isNew && before !== null ? begunAgain(before) : before
    const provider = await chooseProvider(this.#project, config, previous)
    const { layer = null, keeping = null, disks } = this.#inputs
    const cold = this.#inputs.cold === true || makesLayers(layer, keeping?.points ?? [])
    const begun = { projectId, config, provider, memory, previous, disks, cold }
    const start = { ...begun, isNew, layer: isNew ? layer : null }
    const state = await this.#orUndo(provider, () => startMachine(this.#project, start))
    this.#made = { provider, state }
    if (!isNew || keeping === null || keeping.points.length === 0) return
    const { LayerSaver } = await import('../cache/save-layers.ts')
    this.#saver = new LayerSaver(this.#project, { config, memory, ...keeping })
  }

  async #resume(): Promise<void> {
    const { config, projectId, sight } = this.#inputs
    const { provider } = this.#known
    const { state, isAwake } = await resumeMachine(
      this.#project,
      { config, projectId, ...this.#known },
      sight,
    )
    this.#made = { provider, state }
    if (!isAwake) await this.#start(false)
  }

  async #discardMemory(): Promise<void> {
    const { config } = this.#inputs
    const state = await forgetMemory(this.#project.paths.machine(config.name))
    this.#made = { ...this.#known, state }
  }

  #cutPower(): Promise<void> {
    const { provider, state } = this.#known
    return cutPower(this.#project, { provider, spec: state.spec, observed: this.#inputs.sight.observed })
  }

  async #enter(): Promise<void> {
    const { config } = this.#inputs
    const { provider, state } = this.#known
    const isOpen = state.start?.readyAt !== undefined
    const logInNow = () => logIn(this.#project, { config, provider, state })
    // People may be at work in one that was open before: its power is not cut whatever comes.
    const { session, state: open } = await (isOpen ? logInNow() : this.#orUndo(provider, logInNow))
    this.#session = session
    this.#made = { provider, state: open }
    if (!isUnsettled(open)) return
    const reopened = (next: SshSession) => {
      this.#session = next
    }
    const inputs = { config, provider, state: open }
    const settled = await settleCloudInit(this.#project, inputs, { session, reopened })
    this.#made = { provider, state: settled }
  }

  async #mountDisks(disks: readonly string[]): Promise<void> {
    const { config } = this.#inputs
    const { provider, state } = this.#known
    const session = await this.#open()
    const { useDisks } = await import('../disks/use-disks.ts')
    this.#made = { provider, state: await useDisks(this.#project, { config, state, disks }, session) }
  }

  async #sync(folders: readonly string[]): Promise<void> {
    const { config } = this.#inputs
    const { provider, state: before } = this.#known
    const session = await this.#open()
    const { bringFolders } = await import('../sync/bring-folders.ts')
    const machine = { config, provider, state: before }
    this.#made = { provider, state: await bringFolders(this.#project, machine, { folders, session }) }
  }

  /** Runs the plan up to the last of these steps; left out: to its end. */
  async #provision(steps?: readonly string[]): Promise<void> {
    const { config } = this.#inputs
    const part = this.#steps.upTo(steps)
    if (part.length === 0) return
    const { state } = this.#known
    const done = await runProvision(
      this.#project,
      { config, state },
      {
        plan: part,
        open: () => this.#open(),
        afterStep: async (name) => this.#saver?.afterStep(name, this.#known),
      },
    )
    this.#steps.passed(part, done)
    const now = await readState(this.#project.paths.machine(config.name))
    if (now !== null) this.#made = { ...this.#known, state: now }
  }

  async #awaitReady(): Promise<void> {
    await this.#provision()
    this.#inputs.onProvisioned()
    const { config } = this.#inputs
    await untilReady(this.#project, { config, ...this.#known }, () => this.#open())
    this.#ready = true
  }

  async #open(): Promise<SshSession> {
    const { config } = this.#inputs
    const { provider, state } = this.#known
    const paths = this.#project.paths.machine(config.name)
    const guest = { provider, state, paths, bootTimeout: config.bootTimeout }
    const session = this.#session ?? (await openSession(this.#project, guest))
    this.#session = session
    return session
  }

  #inGuest(work: () => Promise<void>): Promise<void> {
    return explainStall(this.#known.provider, this.#known.state.spec, work)
  }

  #orUndo<T>(provider: Provider, work: () => Promise<T>): Promise<T> {
    return undoUnfinished(this.#project, { provider, config: this.#inputs.config }, work)
  }
}
