import { parseBoxSource, sourceText } from '../../box/index.ts'
import type { Machine } from '../../manifest/index.ts'

/** What the manifest names a machine's box by, without the credentials that a URL may hold: for messages and listings. */
export function shownBox({ box }: Pick<Machine, 'box'>): string {
  return sourceText(parseBoxSource(box, '/'))
}
