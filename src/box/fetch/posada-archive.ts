import { isPosadaError } from '../../errors/index.ts'
import { ByteReader } from '../archive/byte-reader.ts'
import { openArchive } from '../archive/open-archive.ts'
import { takeArchive } from '../archive/take-archive.ts'
import { readTarHeader, tarBlock } from '../archive/tar-header.ts'
import { boxJsonName } from '../store-paths.ts'
import type { BoxImporter } from './importer.ts'

/** An archive whose first file is a box.json. What it is called and whom it lets in stands in that. */
export const posadaArchive: BoxImporter = {
  what: 'an archive of box.json and the files that it names (.tar, .tar.gz, .tar.zst)',
  recognises: ({ path }) => beginsWithBoxJson(path),
  fill: ({ path }, target) => takeArchive(path, target),
}

async function beginsWithBoxJson(path: string): Promise<boolean> {
  const reader = new ByteReader(openArchive(path))
  try {
    for (let folders = 0; folders < 2; folders++) {
      const block = await reader.exactly(tarBlock)
      const header = block === null ? null : readTarHeader(block)
      if (header === null || typeof header === 'string') return false
      if (header.kind === 'file') return header.name === boxJsonName
    }
    return false
  } catch (error) {
    if (isPosadaError(error, 'E_BOX_INVALID')) return false
    throw error
  } finally {
    await reader.close()
  }
}
