import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { boxFiles } from '../box-manifest.ts'
import { inspectDisk } from '../formats/inspect-disk.ts'
import type { BoxDisk, BoxManifest } from '../model.ts'
import { sha256OfFile } from './verify.ts'

/**
 * Holds every file in `folder` against box.json: E_BOX_CORRUPT names the first that differs. A disk that
 * no box may have (see `inspectDisk`) is E_BOX_INVALID.
 */
export async function checkFiles(folder: string, manifest: BoxManifest, origin: string): Promise<void> {
  for (const file of boxFiles(manifest)) {
    const path = join(folder, file.file)
    const { size } = await stat(path)
    const problem =
      size !== file.size
        ? `${file.file} has ${size} bytes, and box.json says ${file.size}`
        : (await sha256OfFile(path)) === file.sha256
          ? null
          : `${file.file} is not what box.json says: its SHA-256 differs`
    if (problem !== null)
      throw new PosadaError('E_BOX_CORRUPT', `${origin} is damaged: ${problem}`, {
        value: origin,
        hint: 'get the box again from where it came from',
      })
  }
  for (const disk of manifest.disks) await checkDisk(join(folder, disk.file), disk, origin)
}

async function checkDisk(path: string, disk: BoxDisk, origin: string): Promise<void> {
  const shown = `${disk.file} of ${origin}`
  const { virtualSize } = await inspectDisk(path, { format: disk.format, shown })
  const fits = disk.format === 'raw' ? virtualSize <= disk.virtualSize : virtualSize === disk.virtualSize
  if (fits) return
  const problem = `a machine sees ${virtualSize} bytes of it, and box.json says ${disk.virtualSize}`
  throw new PosadaError('E_BOX_INVALID', `the disk ${shown} cannot be used: ${problem}`, {
    value: shown,
    hint: 'get the box again from where it came from',
  })
}
