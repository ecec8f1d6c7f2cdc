import { PosadaError } from '../../errors/index.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { compareVersions } from '../names.ts'
import { type Constraint, constraintsText, fitting } from '../source/constraint.ts'
import type { CatalogueBox, CatalogueImage, CatalogueVersion } from './model.ts'

/**
 * The newest version that fits and has an image for the architecture. What has no version of its own
 * is taken where nothing else is there and none is asked for. E_BOX_VERSION, E_BOX_ARCH, E_BOX_INVALID.
 */
export function chooseImage(
  box: CatalogueBox,
  { wanted, arch }: { wanted: readonly Constraint[]; arch: Arch },
): CatalogueImage {
  const withImages = box.versions.filter(({ images }) => images.length > 0)
  if (withImages.length === 0) throw nothing(box)
  const chosen = fitting(withImages, wanted).sort(newestFirst)
  if (chosen.length === 0) throw noVersion(box, withImages, wanted)
  for (const { images } of chosen) {
    const image = images.find((one) => one.arch === arch)
    if (image !== undefined) return image
  }
  const found = [...new Set(chosen.flatMap(({ images }) => images.map((one) => one.arch)))]
  throw new PosadaError(
    'E_BOX_ARCH',
    `the box ${box.name} is available for ${found.join(', ')}, not for ${arch}`,
    {
      value: box.name,
      hint: `set arch: ${found[0]} for the machine, or use another box`,
    },
  )
}

function newestFirst(a: CatalogueVersion, b: CatalogueVersion): number {
  if (a.version === null || b.version === null) return Number(a.version === null) - Number(b.version === null)
  return compareVersions(b.version, a.version)
}

function nothing({ name, foreign }: CatalogueBox): PosadaError {
  const others = foreign.length === 0 ? '' : `, only for ${foreign.join(', ')}`
  return new PosadaError('E_BOX_INVALID', `the box ${name} is not available for libvirt${others}`, {
    value: name,
    hint: 'only boxes for the provider libvirt can be used; look for another one',
  })
}

function noVersion(
  { name }: CatalogueBox,
  versions: readonly CatalogueVersion[],
  wanted: readonly Constraint[],
): PosadaError {
  const known = versions.flatMap(({ version }) => version ?? []).sort((a, b) => compareVersions(b, a))
  const shown = known.slice(0, 8).join(', ')
  return new PosadaError('E_BOX_VERSION', `no version of ${name} matches ${constraintsText(wanted)}`, {
    value: `${name}@${constraintsText(wanted)}`,
    hint: known.length === 0 ? `${name} has no versions to choose from` : `newest versions: ${shown}`,
  })
}
