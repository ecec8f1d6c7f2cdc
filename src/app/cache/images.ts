import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isErrno } from '../../lib/files/errno.ts'
import { namesIn } from '../../lib/files/folders.ts'
import { sweepWorkFolders } from '../../lib/process/work-folder.ts'
import { formatSize } from '../../lib/values/units.ts'
import { imageWork, removeImage } from '../../machine/index.ts'
import { isDamage, readWarmImage, type UserPaths, type WarmPaths, warmImages } from '../../project/index.ts'

/** What new machines begin with in place of a boot. */
export interface ListedImage {
  /** `warm/` and the beginning of what it is known by. */
  name: string
  /** Empty where it is damaged, as are `arch` and `madeAt`. */
  description: string
  arch: string
  /** Bytes on the disk. */
  size: number
  /** ISO 8601. */
  madeAt: string
  /** ISO 8601; when a machine last began with it, or it was made. */
  usedAt: string
  /** Null: it is whole, as far as can be told without reading it through. */
  problem: string | null
}

/** All warm images of this user, those used longest ago first. */
export async function listImages(user: UserPaths): Promise<ListedImage[]> {
  return (await lookedAt(user)).map(({ listed }) => listed)
}

/** Removes those used longest ago until all take at most so many bytes; null: all of them. Returns what goes. */
export async function pruneImages(
  user: UserPaths,
  { budget, dryRun = false }: { budget: number | null; dryRun?: boolean },
): Promise<ListedImage[]> {
  const images = await lookedAt(user)
  let total = sizeOf(images.map(({ listed }) => listed))
  const gone: ListedImage[] = []
  for (const { paths, listed } of images) {
    if (budget !== null && total <= budget) break
    if (!dryRun) await removeImage(paths)
    total -= listed.size
    gone.push(listed)
  }
  if (!dryRun) await sweepWorkFolders(user.warm, imageWork)
  return gone
}

export function sizeOf(parts: readonly { size: number }[]): number {
  return parts.reduce((sum, { size }) => sum + size, 0)
}

async function lookedAt(user: UserPaths): Promise<{ paths: WarmPaths; listed: ListedImage }[]> {
  const images = await warmImages(user)
  const all = await Promise.all(images.map(async (paths) => ({ paths, listed: await lookAt(paths, user) })))
  return all.sort((a, b) => a.listed.usedAt.localeCompare(b.listed.usedAt))
}

async function lookAt(paths: WarmPaths, user: UserPaths): Promise<ListedImage> {
  const files = await Promise.all((await namesIn(paths.dir)).map((name) => statOf(join(paths.dir, name))))
  const size = files.reduce((sum, file) => sum + (file?.blocks ?? 0) * 512, 0)
  const usedAt = ((await statOf(paths.description))?.mtime ?? new Date(0)).toISOString()
  const about = { name: `warm/${basename(paths.dir).slice(0, 12)}`, size, usedAt }
  const none = { description: '', arch: '', madeAt: '' }
  try {
    const image = await readWarmImage(paths, user)
    if (image === null) return { ...about, ...none, problem: 'it has no description' }
    const { at: madeAt, state } = image
    const { arch, cpus, memory } = state.spec
    const layer = state.layer === undefined ? '' : `, layer ${state.layer.slice(0, 12)}`
    const description = `${state.box.name}@${state.box.version}${layer}, ${state.provider}, ${cpus} CPU, ${formatSize(memory)}`
    return { ...about, description, arch, madeAt, problem: null }
  } catch (error) {
    if (!isDamage(error)) throw error
    return { ...about, ...none, problem: error.message }
  }
}

/** Null: it went meanwhile. */
async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}
