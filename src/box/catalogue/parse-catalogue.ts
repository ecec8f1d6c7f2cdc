import { PosadaError } from '../../errors/index.ts'
import type { Catalogue } from './model.ts'
import { ownCatalogue } from './own-format.ts'
import { vagrantCatalogue } from './vagrant-format.ts'

/**
 * A catalogue in Posada's own format or in Vagrant's, told apart by what is in it. `url`: where it is,
 * for addresses in it that are relative; undefined where these lead nowhere. E_CATALOGUE lists what is wrong.
 */
export function parseCatalogue(text: string, url: string | undefined, shown: string): Catalogue {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw unusable(shown, ['it is not JSON'], cause)
  }
  const read = isVagrant(data) ? vagrantCatalogue(data, url) : ownCatalogue(data, url)
  if ('flaws' in read) throw unusable(shown, read.flaws)
  return read.value
}

function isVagrant(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'versions' in data && !('boxes' in data)
}

function unusable(shown: string, flaws: readonly string[], cause?: unknown): PosadaError {
  return new PosadaError('E_CATALOGUE', `${shown} is not a catalogue: ${flaws[0]}`, {
    value: shown,
    details: flaws.slice(0, 20),
    hint: 'docs/boxes.md describes the format; Vagrant’s works too',
    ...(cause === undefined ? {} : { cause }),
  })
}
