import { dirname, relative, resolve } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import type { MachinePaths } from '../../project/index.ts'
import type { DiskBase, DiskSpec } from '../../provider/index.ts'
import { isBoxDisk } from '../facts/disk-names.ts'
import { qcow2Facts, renameBase } from './qcow2-base.ts'

/** Layers between a disk and its box, at most: each takes a hypervisor a file and a look. */
export const mostLayers = 64

/**
 * Ids of the snapshots whose layers a disk's file lies on, the nearest first; none where it lies on its box, or is not there.
 * What is true stands in the files: a snapshot that was taken away without its layer is lain on all the same.
 */
export async function layersUnder(
  paths: Pick<MachinePaths, 'snapshot'>,
  name: string,
  file: string,
): Promise<string[]> {
  const ids: string[] = []
  for (let at = file; ; ) {
    const id = layerOf(await baseOf(at), name)
    if (id === null) return ids
    if (ids.includes(id) || ids.length > mostLayers) throw unusable(file, 'its layers form a circle')
    ids.push(id)
    at = paths.snapshot(id).disk(name)
  }
}

/**
 * The same disks, of a machine that does not run, with all that they lie on, whose names in the files are put right
 * where the project was moved. E_DISK_INVALID where a layer is missing.
 */
export async function withLayers(
  paths: Pick<MachinePaths, 'snapshot'>,
  disks: readonly DiskSpec[],
): Promise<DiskSpec[]> {
  return Promise.all(
    disks.map(async (disk) => {
      const ids = await layersUnder(paths, disk.name, disk.path)
      const bottom = ids.at(-1)
      const lowest = bottom === undefined ? disk.path : paths.snapshot(bottom).disk(disk.name)
      if (!isBoxDisk(disk) && (await baseOf(lowest)) !== null) throw unusable(lowest, 'it has a base')
      const layers = ids.map((id) => paths.snapshot(id).disk(disk.name))
      for (const [index, layer] of layers.entries())
        await putRight(layers[index - 1] ?? disk.path, layer, isBoxDisk(disk))
      const onto = (base: DiskBase | undefined, path: string): DiskBase => ({
        path,
        format: 'qcow2',
        ...(base === undefined ? {} : { base }),
      })
      const base = layers.reduceRight<DiskBase | undefined>(onto, boxImage(disk))
      return base === undefined ? disk : { ...disk, base }
    }),
  )
}

/** What lies below all layers: a disk that did not come with the box has nothing there. */
function boxImage({ name, base }: Pick<DiskSpec, 'name' | 'base'>): DiskBase | undefined {
  if (!isBoxDisk({ name })) return undefined
  return base?.base === undefined ? base : boxImage({ name, base: base.base })
}

/** The lowest layer of a disk of a box lies on that. */
async function putRight(file: string, base: string, liesOnBox: boolean): Promise<void> {
  if ((await baseOf(base, true)) === null && liesOnBox) throw unusable(base, 'it has no base')
  const named = await baseOf(file)
  if (named === null || resolve(dirname(file), named) !== base) await renameBase(file, layerName(file, base))
}

/**
 * How a file names the layer that it lies on: from its own folder, for a copied machine has a second name of the very file
 * in a folder of its own.
 */
export function layerName(file: string, layer: string): string {
  return relative(dirname(file), layer)
}

/** As the file names it; null also where there is no file, unless one has to be there. */
async function baseOf(path: string, needed = false): Promise<string | null> {
  try {
    const facts = await qcow2Facts(path)
    if (typeof facts === 'string') throw unusable(path, facts)
    return facts.base
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    if (needed) throw unusable(path, 'it is gone', error)
    return null
  }
}

/** A claim: only the id is taken from it. */
function layerOf(base: string | null, name: string): string | null {
  const found = base === null ? null : /(?:^\.\.|\/snapshots)\/([0-9a-f]{8})\/([a-z0-9-]+)\.qcow2$/.exec(base)
  return found?.[2] === name ? (found[1] ?? null) : null
}

function unusable(path: string, why: string, cause?: unknown): PosadaError {
  return new PosadaError('E_DISK_INVALID', `${path} cannot be used as a layer of a disk: ${why}`, {
    value: path,
    hint: 'restore another snapshot, or destroy the machine and create it again',
    ...(cause === undefined ? {} : { cause }),
  })
}
