import { formatSize } from '../../lib/values/units.ts'
import { refused } from './refused.ts'

/** Bytes that any archive may unpack to. */
const always = 4 * 2 ** 30
/** Beyond them, how many times its own size; a disk full of zeros packs to a hundredth. */
const ratio = 500

/** How much may come out of an archive of this many bytes, holes in sparse files counted. */
export function unpackLimit(archiveSize: number): number {
  return Math.max(always, ratio * archiveSize)
}

/** E_BOX_INVALID where `size` bytes are too much for the archive. */
export function checkUnpacked(source: string, size: number, limit: number): void {
  if (size <= limit) return
  throw refused(
    source,
    `it unpacks to more than ${formatSize(limit)}, which is too much for its size`,
    'make the archive again from a smaller disk, or with tar --sparse',
  )
}
