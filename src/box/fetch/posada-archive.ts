import { isPosadaError } from '../../errors/index.ts'
import { ByteReader } from '../archive/byte-reader.ts'
import { openArchive } from '../archive/open-archive.ts'
import { plainName, takeArchive } from '../archive/take-archive.ts'
import { tarMembers } from '../archive/tar-members.ts'
import { boxJsonName } from '../store-paths.ts'
import type { BoxImporter } from './importer.ts'

/** An archive whose first file is a box.json. What it is called and whom it lets in stands in that. */
export const posadaArchive: BoxImporter = {
  what: 'an archive of box.json and the files that it names (.tar, .tar.gz, .tar.xz, .tar.zst)',
  recognises: ({ path }) => beginsWithBoxJson(path),
  fill: ({ path }, target, { signal }) => takeArchive(path, target, { signal }),
}

async function beginsWithBoxJson(path: string): Promise<boolean> {
  const reader = new ByteReader(openArchive(path))
  try {
    for await (const { name, kind } of tarMembers(reader, path))
      if (kind !== 'folder') return kind === 'file' && plainName(name) === boxJsonName
    return false
  } catch (error) {
    if (isPosadaError(error, 'E_BOX_INVALID')) return false
    throw error
  } finally {
    await reader.close()
  }
}
