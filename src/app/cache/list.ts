import { userPaths } from '../../project/index.ts'
import { boxResult } from '../box/result.ts'
import { machinesOnBox } from '../box/users.ts'
import { type ListedImage, listImages, sizeOf } from './images.ts'
import { userLayers } from './user-layers.ts'

/** What a disk was behind a provision step, which new machines start from. */
export interface ListedLayer {
  /** `layer/` and the beginning of the SHA-256 of its box and steps. */
  name: string
  arch: string
  digest: string
  /** Bytes. */
  size: number
  /** The box and the last step; empty where the layer is damaged. */
  description: string
  /** ISO 8601; when it was last used, or kept. */
  usedAt: string | null
  /** The machines that stand on it, for people. */
  machines: string[]
  /** Null: it is whole, as far as can be told without reading it. */
  problem: string | null
}

export interface LayerListing {
  layers: ListedLayer[]
  /** Bytes that all of them take. */
  size: number
}

/** What `posada cache list` prints with `--json`. */
export interface CacheListing extends LayerListing {
  warm: ListedImage[]
}

/** All layers and warm images of this user; the size is that of both. */
export async function listCache(env: NodeJS.ProcessEnv): Promise<CacheListing> {
  const { layers, size } = await listLayers(env)
  const warm = await listImages(userPaths(env))
  return { layers, warm, size: size + sizeOf(warm) }
}

/** All layers of this user. */
export async function listLayers(env: NodeJS.ProcessEnv): Promise<LayerListing> {
  const { store, user } = userLayers(env)
  const layers = await Promise.all(
    (await store.list()).map(async ({ name, arch, digest, box, problem }): Promise<ListedLayer> => {
      const { size, description } = box === null ? { size: 0, description: '' } : boxResult(box)
      const usedAt = (await store.lastUse(digest))?.toISOString() ?? null
      const machines = await machinesOnBox({ store, user }, digest)
      return { name, arch, digest, size, description, usedAt, machines, problem: problem?.message ?? null }
    }),
  )
  return { layers, size: layers.reduce((sum, { size }) => sum + size, 0) }
}
