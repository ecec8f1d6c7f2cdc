import { PosadaError } from '../../errors/index.ts'
import { cloudImage } from '../cloud-image/cloud-image.ts'
import type { BoxFileInput, BoxImporter, ImportOptions } from '../import/importer.ts'
import type { BoxManifest } from '../model.ts'
import { vagrantBox } from '../vagrant/vagrant-box.ts'
import { posadaArchive } from './posada-archive.ts'

/** Every kind of file that a box can be made from; the first one that recognises it takes it. */
const importers: readonly BoxImporter[] = [cloudImage, posadaArchive, vagrantBox]

/** Makes a box in the empty folder `target` of any file that can be one. E_BOX_INVALID, E_BOX_CORRUPT. */
export async function importFile(
  input: BoxFileInput,
  target: string,
  options: ImportOptions,
): Promise<BoxManifest> {
  for (const importer of importers)
    if (await importer.recognises(input, options)) return importer.fill(input, target, options)
  throw new PosadaError('E_BOX_INVALID', `${input.shown} is not a box`, {
    value: input.shown,
    hint: `posada box add takes ${importers.map(({ what }) => what).join(', ')}`,
  })
}
