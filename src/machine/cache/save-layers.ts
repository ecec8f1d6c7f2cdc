import { isDeepStrictEqual } from 'node:util'
import { packBox, type StoredBox } from '../../box/index.ts'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { cleanShadow } from '../box/package/clean.ts'
import { discardShadow, makeShadow, type Shadow } from '../box/package/shadow.ts'
import { inStep } from '../in-step.ts'
import { marksOf } from '../layers/next-disks.ts'
import { setClock } from '../memory/set-clock.ts'
import type { BoxSupply, Declared, Places, Providing, Reporting } from '../project.ts'
import { overheadOf } from '../schedule/host-budget.ts'
import type { MemoryBudget } from '../schedule/memory-budget.ts'
import { storedLayer } from './find-layer.ts'
import { type CachePoint, layerName } from './points.ts'

type Needed = Declared & Places & Providing & Reporting & BoxSupply

export interface SaveInputs {
  config: Machine
  points: readonly CachePoint[]
  /** The box that the machine was made from. */
  original: StoredBox
  memory: MemoryBudget
}

/** Milliseconds that a guest's clock may be behind after its disk was copied. */
const longPause = 1000

/** How often a disk is copied that is still written to. */
const copies = 5

/** Layers that machines of this process are making, so that replicas do not make the same. */
const underway = new Set<string>()

/**
 * Keeps the disk of a machine that is being made behind some of its steps. Its processors stand still while the disk is
 * copied; a copy of it is then started, cleaned of all that is this machine's alone and kept, while the machine goes
 * on. It is done with the machine's lock held, and what is cut short the next command on the machine removes. A layer
 * that cannot be made is told, and fails nothing.
 */
export class LayerSaver {
  readonly #project: Needed
  readonly #inputs: SaveInputs
  #saving: Promise<void> = Promise.resolve()
  #bug: unknown = null

  constructor(project: Needed, inputs: SaveInputs) {
    this.#project = project
    this.#inputs = inputs
  }

  /** What the step of this name wrote is on the disk of the machine, which runs. */
  async afterStep(name: string, machine: { provider: Provider; state: MachineState }): Promise<void> {
    const point = this.#inputs.points.find(({ steps }) => steps.at(-1)?.name === name)
    const { pause, host } = machine.provider.capabilities()
    if (point === undefined || underway.has(point.key) || !pause || host !== undefined) return
    const { original } = this.#inputs
    const quiet = { layers: this.#project.layers, emit: () => undefined }
    if ((await storedLayer(quiet, point, original.manifest.arch)) !== null) return
    await this.#saving
    underway.add(point.key)
    const shadow = await this.#orTell(point, () => this.#copy(machine))
    this.#saving = shadow === null ? this.#release(point) : this.#finish(point, shadow)
  }

  /** Waits for the layers that are being made. */
  async end(): Promise<void> {
    await this.#saving
    if (this.#bug !== null) throw this.#bug
  }

  async #copy({ provider, state }: { provider: Provider; state: MachineState }): Promise<Shadow> {
    const { config, memory } = this.#inputs
    await memory.admit(copyOf(config), await overheadOf(provider, state.spec))
    await discardShadow(this.#project, config.name)
    const begun = performance.now()
    await provider.pause(state.spec)
    try {
      return await this.#copyAtRest({ provider, state })
    } finally {
      await provider.resume(state.spec)
      if (performance.now() - begun > longPause) await setClock(this.#project, { config, provider, state })
    }
  }

  /** A provider may still write what the guest's processors had asked for before they stood still. */
  async #copyAtRest({ provider, state }: { provider: Provider; state: MachineState }): Promise<Shadow> {
    const { config } = this.#inputs
    const { disks } = state.spec
    for (let attempt = 1; ; attempt++) {
      const before = await marksOf(disks, 'now')
      const shadow = await makeShadow(this.#project, { config, provider, state })
      if (isDeepStrictEqual(await marksOf(disks, 'now'), before)) return shadow
      await discardShadow(this.#project, config.name)
      if (attempt === copies)
        throw new PosadaError('E_BOX_PACKAGE', 'its disk changed while it was copied', {
          machine: config.name,
          hint: 'the next machine that is created tries again',
        })
    }
  }

  async #finish(point: CachePoint, shadow: Shadow): Promise<void> {
    const { config, original } = this.#inputs
    const last = point.steps.at(-1)?.name ?? ''
    const quiet = { ...this.#project, emit: () => undefined }
    const step = {
      machine: config.name,
      step: `layer:${last}`,
      message: `keeping the disk after step ${last}`,
    }
    await this.#orTell(point, () =>
      inStep(this.#project.emit, step, async () => {
        const { bootTimeout } = config
        await cleanShadow(quiet, shadow, { box: original, bootTimeout, withKernel: false, keepsCaches: true })
        const { manifest } = original
        const { digest } = await packBox({
          store: this.#project.layers.dir,
          original,
          disks: shadow.state.spec.disks.map(({ path }) => path),
          user: shadow.state.login.user,
          name: layerName(point),
          version: '1',
          description: `${manifest.name}@${manifest.version} after step ${last}`.slice(0, 500),
          force: true,
          kernel: null,
          signal: this.#project.signal,
        })
        await this.#project.trimLayers(digest)
      }),
    )
    await this.#release(point)
  }

  async #release(point: CachePoint): Promise<void> {
    const { config, memory } = this.#inputs
    await this.#orTell(point, () => discardShadow(this.#project, config.name))
    memory.giveBack(copyOf(config).name)
    underway.delete(point.key)
  }

  /** Null where it failed. An interruption ends the command elsewhere. */
  async #orTell<T>({ steps }: CachePoint, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      if (this.#project.signal.aborted) return null
      if (!isPosadaError(error)) this.#bug ??= error
      else {
        const message = `the disk after step ${steps.at(-1)?.name} was not kept for other machines: ${error.message}`
        const hint = error.hint === undefined ? {} : { hint: error.hint }
        this.#project.emit({
          type: 'notice',
          level: 'warn',
          machine: this.#inputs.config.name,
          message,
          ...hint,
        })
      }
      return null
    }
  }
}

/** It takes as much memory as the machine, beside it. */
function copyOf(config: Machine): Machine {
  return { ...config, name: `${config.name} (copy)` }
}
