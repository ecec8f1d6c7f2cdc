import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { boxFiles } from '../box-manifest.ts'
import type { BoxManifest } from '../model.ts'
import { sha256OfFile } from './verify.ts'

/** Holds every file in `folder` against box.json: E_BOX_CORRUPT names the first that differs. */
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
}
