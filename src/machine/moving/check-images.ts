import { dirname, join, resolve } from 'node:path'
import type { StoredBox } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { externalDataExtension, readQcow2Header } from '../../lib/disk/qcow2-header.ts'
import { namesIn } from '../../lib/files/folders.ts'
import { readStart } from '../../lib/files/read-start.ts'
import type { MachinePaths } from '../../project/index.ts'
import { isBoxDisk } from '../facts/disk-names.ts'
import { renameBase } from '../layers/qcow2-base.ts'

/**
 * Looks at every disk image of a machine that came from elsewhere, for a hypervisor opens what a header names: data in
 * other files is refused, and a base is a layer of the same disk that came with it, or the image of the box, whose path on
 * this host is then written into it. E_DISK_INVALID.
 *
 * @param images of the box, by the name of the disk
 */
export async function checkImages(paths: MachinePaths, box: StoredBox): Promise<void> {
  for (const { path, name } of await imagesOf(paths)) {
    const { start, size } = await readStart(path)
    const header = readQcow2Header(start, size)
    if (typeof header === 'string') throw unusable(path, header)
    const { backingName, features, extensions } = header
    if (features.externalData || extensions.includes(externalDataExtension))
      throw unusable(path, 'its data is in another file')
    if (backingName === null) {
      if (isBoxDisk({ name })) throw unusable(path, 'it does not lie on a box')
      continue
    }
    if (await liesOnLayer(paths, { path, name, backingName })) continue
    const image = boxImage(box, name)
    if (image === null) throw unusable(path, `it is based on ${JSON.stringify(backingName)}`)
    if (backingName !== image) await renameBase(path, image)
  }
}

async function imagesOf({ data, snapshots, snapshot }: MachinePaths) {
  const folders = [data, ...(await namesIn(snapshots)).map((id) => snapshot(id).dir)]
  const found: { path: string; name: string }[] = []
  for (const folder of folders)
    for (const file of await namesIn(folder))
      if (file.endsWith('.qcow2'))
        found.push({ path: join(folder, file), name: file.slice(0, -'.qcow2'.length) })
  return found
}

/** Layers of a machine name each other from their own folders. */
async function liesOnLayer(
  { snapshots, snapshot }: MachinePaths,
  { path, name, backingName }: { path: string; name: string; backingName: string },
): Promise<boolean> {
  const base = resolve(dirname(path), backingName)
  const ids = await namesIn(snapshots)
  return !backingName.startsWith('/') && ids.some((id) => snapshot(id).disk(name) === base && base !== path)
}

function boxImage({ dir, manifest }: StoredBox, name: string): string | null {
  const index = name === 'root' ? 0 : Number(/^disk-(\d{1,3})$/.exec(name)?.[1] ?? 0) - 1
  const disk = manifest.disks[index]
  return disk === undefined ? null : `${dir}/${disk.file}`
}

function unusable(path: string, why: string): PosadaError {
  return new PosadaError('E_DISK_INVALID', `${path} cannot be imported: ${why}`, {
    value: path,
    hint: 'export the project again; an archive of someone else may be made to do harm',
  })
}
