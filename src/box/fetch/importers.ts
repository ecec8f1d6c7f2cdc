import { PosadaError } from '../../errors/index.ts'
import { firstMember } from '../archive/first-member.ts'
import { cloudImage } from '../cloud-image/cloud-image.ts'
import { type Kind, kindOf } from '../formats/file-kinds.ts'
import { startOfImage } from '../formats/packed-image.ts'
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
  const kind = await otherKind(input)
  const what = kind === null ? '' : `: it is ${kind.what}`
  throw new PosadaError('E_BOX_INVALID', `${input.shown} is not a box${what}`, {
    value: input.shown,
    hint: kind?.hint ?? `posada box add takes ${importers.map((one) => one.what).join('; ')}`,
  })
}

/** What it is then, by what is in it where it is packed. */
async function otherKind(input: BoxFileInput): Promise<Pick<Kind, 'what' | 'hint'> | null> {
  const first = await firstMember(input)
  if (first !== null && /\.ovf$/i.test(first.name))
    return {
      what: 'a virtual appliance (OVA)',
      hint: 'unpack it, and add the disk in it: tar xf FILE.ova; posada box add DISK.vmdk',
    }
  return kindOf(await startOfImage(input.path, input.shown))
}
