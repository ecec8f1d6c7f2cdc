import type { StoredBox } from '../../box/index.ts'
import { userDataDigest } from '../cloud-init/user-data.ts'
import type { Project } from '../project.ts'
import { foreseeProvision } from '../provision/plan-provision.ts'
import { storedLayer } from './find-layer.ts'
import { foreseePoints } from './foresee-layer.ts'
import type { CachePoint } from './points.ts'

export interface KeptLayer {
  machines: string[]
  point: CachePoint
  box: StoredBox
}

/** Of each machine of the manifest, the layer that spares it most steps and is there, whole. Nothing is fetched. */
export async function keptLayers(project: Project): Promise<KeptLayer[]> {
  const found = new Map<string, KeptLayer>()
  for (const config of project.manifest.machines) {
    const foreseen = await foreseeProvision(project, config, { state: null })
    const userData = await userDataDigest(config)
    const known = await foreseePoints(project, config, { foreseen, userData })
    for (const point of known?.points.toReversed() ?? []) {
      const there = found.get(point.key)
      const box = there?.box ?? (await storedLayer(project, point, known?.original.manifest.arch ?? 'x86_64'))
      if (box === null) continue
      found.set(point.key, { machines: [...(there?.machines ?? []), config.name], point, box })
      break
    }
  }
  return [...found.values()]
}
