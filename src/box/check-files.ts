import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { sha256OfFile } from '../lib/files/hash-file.ts'
import { boxFiles } from './box-manifest.ts'
import { inspectDisk } from './formats/inspect-disk.ts'
import type { BoxDisk, BoxManifest } from './model.ts'

/**
 * Holds every file in `folder` against box.json: E_BOX_CORRUPT names the first that differs. A disk that
 * no box may have (see `inspectDisk`) is E_BOX_INVALID.
 */
export async function checkFiles(folder: string, manifest: BoxManifest, origin: string): Promise<void> {
  const hashes = new Map<string, string>()
  for (const { file, size: expected } of boxFiles(manifest)) {
    const path = join(folder, file)
    const { size } = await stat(path)
    if (size !== expected) throw damaged(origin, `${file} has ${size} bytes, and box.json says ${expected}`)
    hashes.set(file, await sha256OfFile(path))
  }
  checkHashes(manifest, hashes, origin)
  await checkDisks(folder, manifest, origin)
}

/** Holds the SHA-256 of every file against box.json: E_BOX_CORRUPT names the first that differs. */
export function checkHashes(
  manifest: BoxManifest,
  hashes: ReadonlyMap<string, string>,
  origin: string,
): void {
  for (const { file, sha256 } of boxFiles(manifest))
    if (hashes.get(file) !== sha256) throw damaged(origin, `${file} does not match its SHA-256 in box.json`)
}

/** E_BOX_INVALID for a disk in `folder` that no box may have; see `inspectDisk`. */
export async function checkDisks(folder: string, manifest: BoxManifest, origin: string): Promise<void> {
  for (const disk of manifest.disks) await checkDisk(join(folder, disk.file), disk, origin)
}

async function checkDisk(path: string, disk: BoxDisk, origin: string): Promise<void> {
  const shown = `${disk.file} of ${origin}`
  const { virtualSize } = await inspectDisk(path, { format: disk.format, shown })
  const fits = disk.format === 'raw' ? virtualSize <= disk.virtualSize : virtualSize === disk.virtualSize
  if (fits) return
  const problem = `its size is ${virtualSize} bytes, and box.json says ${disk.virtualSize}`
  throw new PosadaError('E_BOX_INVALID', `the disk ${shown} is not usable: ${problem}`, {
    value: shown,
    hint: 'get the box again from its source',
  })
}

function damaged(origin: string, problem: string): PosadaError {
  return new PosadaError('E_BOX_CORRUPT', `${origin} is damaged: ${problem}`, {
    value: origin,
    hint: 'get the box again from its source',
  })
}
