import { link, mkdir, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fromSystemError } from '../../errors/index.ts'
import { emptyQcow2 } from '../../lib/disk/qcow2-empty.ts'
import { flushFolder, writeFileAtomic } from '../../lib/files/write-file.ts'
import type { MachinePaths } from '../../project/index.ts'
import type { DiskSpec } from '../../provider/index.ts'
import { layerName } from './chain.ts'
import { qcow2Facts } from './qcow2-base.ts'

/** What a disk's file is to be next, beside it. */
const next = (path: string) => `${path}.next`

/**
 * Gives the disks of a machine that does not run a second name each, as layers of a snapshot. They are its disks until
 * `takeNext`, and may not be written to after that.
 */
export async function linkLayers(
  paths: Pick<MachinePaths, 'snapshot'>,
  id: string,
  disks: readonly DiskSpec[],
): Promise<void> {
  const { dir, disk: layer } = paths.snapshot(id)
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    for (const { name, path } of disks) await link(path, layer(name))
    await flushFolder(dir)
  } catch (error) {
    throw fromSystemError(error)
  }
}

/** Makes an empty disk over each layer of a snapshot, which takes the place of the machine's by `takeNext`. */
export async function makeNext(
  paths: Pick<MachinePaths, 'snapshot'>,
  id: string,
  disks: readonly DiskSpec[],
): Promise<void> {
  for (const { name, path } of disks) {
    const layer = paths.snapshot(id).disk(name)
    const facts = await qcow2Facts(layer)
    const image =
      typeof facts === 'string'
        ? facts
        : emptyQcow2({ size: facts.size, base: { path: layerName(path, layer), format: 'qcow2' } })
    if (typeof image === 'string') throw new Error(`no disk can be created on top of ${layer}: ${image}`)
    try {
      await writeFileAtomic(next(path), image, { mode: 0o600 })
    } catch (error) {
      throw fromSystemError(error)
    }
  }
}

export async function takeNext(disks: readonly DiskSpec[]): Promise<void> {
  for (const { path } of disks) {
    await rename(next(path), path)
    await flushFolder(dirname(path))
  }
}

/** By the disks' names: the size of each and when it was last written, whatever its name is then. */
export async function marksOf(
  disks: readonly DiskSpec[],
  which: 'now' | 'next',
): Promise<Record<string, string>> {
  const marks = disks.map(async ({ name, path }) => {
    const { size, mtimeNs } = await stat(which === 'now' ? path : next(path), { bigint: true })
    return [name, `${size}:${mtimeNs}`]
  })
  return Object.fromEntries(await Promise.all(marks))
}
