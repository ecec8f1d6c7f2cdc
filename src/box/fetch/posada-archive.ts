import { firstMember } from '../archive/first-member.ts'
import { plainName, takeArchive } from '../archive/take-archive.ts'
import type { BoxFileInput, BoxImporter } from '../import/importer.ts'
import { boxJsonName } from '../store-paths.ts'

/** An archive whose first file is a box.json. What it is called and whom it lets in stands in that. */
export const posadaArchive: BoxImporter = {
  what: 'an archive of box.json and the files that it names (.tar, .tar.gz, .tar.xz, .tar.zst)',
  recognises: (input) => beginsWithBoxJson(input),
  fill: ({ path, shown }, target, { signal }) => takeArchive(path, target, { signal, shown }),
}

async function beginsWithBoxJson(input: BoxFileInput): Promise<boolean> {
  const first = await firstMember(input)
  return first?.kind === 'file' && plainName(first.name) === boxJsonName
}
