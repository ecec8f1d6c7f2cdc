import type { StoredBox } from '../../box/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import type { Places, Providing, Reporting, WarmStarts } from '../project.ts'
import { type FoundImage, findImage } from './find-image.ts'
import { warmKey } from './key.ts'
import { whyCold } from './why-cold.ts'

export interface NewMachine {
  config: Machine
  provider: Provider
  box: StoredBox
  /** What is to be recorded of it if it boots. */
  planned: MachineState
}

/**
 * The warm image that a new machine begins with; null: it boots, and why is told. Where only the image is missing it is
 * noted as wanted.
 */
export async function chooseImage(
  project: Places & Providing & Reporting & WarmStarts,
  { config, provider, box, planned }: NewMachine,
): Promise<FoundImage | null> {
  const { warm, emit } = project
  if (!warm.starts || !config.warm) return null
  const { spec } = planned
  const tell = (why: string) =>
    emit({ type: 'notice', level: 'info', machine: config.name, message: `boots: ${why}` })
  const isBuiltIn = (await project.providers.builtIn()).some(({ name }) => name === provider.name)
  const why = whyCold({ config, spec, box: box.manifest, provider, isBuiltIn })
  if (why !== null) {
    tell(why)
    return null
  }
  const layer = planned.layer ?? null
  const key = warmKey({ spec, provider: provider.name, box: planned.box.digest, layer })
  const found = await findImage(project, { key, spec, provider })
  if (found !== null || !warm.makes) return found
  const { cpus, memory, options } = spec
  warm.wanted.set(key, {
    ...{ key, box: planned.box, layer, networks: config.networks.length },
    machine: {
      ...{ provider: provider.name, providers: { [provider.name]: options } },
      ...{ arch: config.arch, cpus, memory, disk: config.disk },
    },
  })
  tell('there is no warm image of it yet; one is made when this is done')
  return null
}
