import { posix } from 'node:path'
import { limits } from '../manifest/index.ts'
import type { DraftFolder, DraftMachine } from './draft.ts'
import { type Given, plain } from './given.ts'

/** A folder as another tool's file has it. */
interface WrittenFolder {
  from: Given
  /** Absolute, in the guest. */
  to: string | undefined
  /** Whether the guest only gets it. */
  once?: boolean
  exclude?: readonly string[]
}

/** Has a machine have a folder of the host; a text says why it cannot. */
export function takeFolder(
  machine: DraftMachine,
  { from, to, once = false, exclude = [] }: WrittenFolder,
): string | undefined {
  const text = plain(from)
  if (text === '' || text?.startsWith('~') === true || from.length === 0)
    return 'the home folder is not mirrored as a whole; name the folder that you work in'
  if (text?.includes('\0') === true) return 'it is not a path'
  if (to === undefined) return 'its place in the guest is not known'
  const place = posix.normalize(to).replace(/^\/+/, '/').replace(/\/$/, '')
  if (!isPlace(to, place))
    return 'a folder in the guest is an absolute path, other than /, /proc, /sys and /dev'
  if (machine.sync.some((other) => overlap(other, place)))
    return 'another folder has that place in the guest, or one around it or in it'
  const patterns = exclude.filter((pattern) => /^[^\n\r\0]+$/.test(pattern)).slice(0, limits.excludes)
  machine.sync.push({
    from: text === undefined ? from : [asWritten(text)],
    to: place,
    ...(once && { type: 'once' }),
    ...(patterns.length > 0 && { exclude: patterns }),
  })
  return undefined
}

/** `./.` is `.`, and `./app/` is `./app`. */
function asWritten(path: string): string {
  const normal = posix.normalize(path).replace(/(.)\/$/, '$1')
  return /^(?:\/|\.{1,2}(?:\/|$))/.test(normal) ? normal : `./${normal}`
}

/** Whether two folders of a machine would lie in each other. */
export function overlap({ to }: Pick<DraftFolder, 'to'>, place: string): boolean {
  return to === place || to.startsWith(`${place}/`) || place.startsWith(`${to}/`)
}

function isPlace(written: string, place: string): boolean {
  if (!written.startsWith('/') || place === '' || written.length > limits.pathLength) return false
  return (
    !written.includes('\0') && !written.split('/').includes('..') && !/^\/(proc|sys|dev)(\/|$)/.test(place)
  )
}
