import type { BoxManifest } from '../../box/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
import type { CachePoint } from '../cache/points.ts'

export interface Candidate {
  config: Machine
  spec: MachineSpec
  box: BoxManifest
  provider: Pick<
    Provider,
    'name' | 'capabilities' | 'save' | 'load' | 'setLinks' | 'memoryFacts' | 'hostOptions'
  >
  /** Whether the provider comes with Posada: others may lie in the project. */
  isBuiltIn: boolean
}

/**
 * Why a new machine boots whatever images there are, and none is made of it; null: it may begin with one. An image is
 * made without anything of the project, so what has the project in it before the first login has none. Pure.
 */
export function whyCold({ config, spec, box, provider, isBuiltIn }: Candidate): string | null {
  const { kernel, announcesReady } = box
  const can =
    provider.capabilities().snapshot === true && provider.save && provider.load && provider.memoryFacts
  if (!can || provider.setLinks === undefined || !isBuiltIn)
    return `provider ${provider.name} cannot give a machine another one's memory`
  if (spec.boot.kind !== 'kernel' || kernel?.takesIdentity !== true || !announcesReady)
    return 'its box does not say that its guests take another identity while they run'
  if (config.guest !== 'linux' || spec.media !== undefined) return 'its guest is set up at its first boot'
  if (spec.shares !== undefined) return 'folders are mounted'
  if (config.disks.length > 0) return 'it has disks of its own'
  if (spec.nested) return 'nested is true'
  if (spec.display !== undefined) return 'it has a screen'
  if ((provider.hostOptions?.(spec.options) ?? []).length > 0)
    return `its settings for ${provider.name} use files of this computer`
  return null
}

/** Whether steps that are to run leave layers, which come from a machine that booted. Pure. */
export function makesLayers(
  layer: Pick<CachePoint, 'key'> | null,
  points: readonly Pick<CachePoint, 'key'>[],
): boolean {
  const last = points.at(-1)
  return last !== undefined && last.key !== layer?.key
}
