import { posix } from 'node:path'
import type { SshSession } from '../session.ts'
import { explainGuest, guestError } from './errors.ts'
import type { Sftp, Stats } from './sftp.ts'

export interface GuestFile {
  /** In the guest. */
  path: string
  /** Relative to what is copied, with slashes; empty for that itself. */
  name: string
  size: number
  /** Permission bits without set-user-id and the like. */
  mode: number
  /** Seconds since 1970. */
  mtime: number
}

export interface GuestTree {
  folders: { name: string; mode: number }[]
  files: GuestFile[]
  links: { name: string; target: string }[]
  skipped: string[]
}

/** A folder, by its name from the top, and how deep it lies. */
interface Inside {
  name: string
  mode: number
  depth: number
}

const DEPTH = 100
const ENTRIES = 1_000_000

/**
 * What a path of the guest holds. Every name that the guest gives is checked: it must be a plain one,
 * and each may come once in a folder. E_COPY where one is not, and where there is no end to them.
 */
export async function walkGuest(
  session: SshSession,
  from: string,
  { sftp, onFolder }: { sftp: Sftp; onFolder: () => void },
): Promise<GuestTree> {
  const tree: GuestTree = { folders: [], files: [], links: [], skipped: [] }
  const refuse = (path: string, why: string) =>
    guestError(session, path, { why, hint: 'this listing of the guest cannot be trusted' })
  let entries = 0

  const folder = async (path: string, { name, mode, depth }: Inside): Promise<void> => {
    onFolder()
    if (depth > DEPTH) throw refuse(path, `is more than ${DEPTH} folders deep`)
    tree.folders.push({ name, mode })
    const seen = new Set<string>()
    for (const { filename, attrs } of await sftp.list(path)) {
      entries++
      if (entries > ENTRIES) throw refuse(from, `holds more than ${ENTRIES} files`)
      if (!isPlainName(filename) || seen.has(filename)) {
        throw refuse(path, `lists a file named ${JSON.stringify(filename.slice(0, 200))}`)
      }
      seen.add(filename)
      const [below, inside] = [posix.join(path, filename), posix.join(name, filename)]
      const stats = attrs as Stats
      if (stats.isDirectory())
        await folder(below, { name: inside, mode: stats.mode & 0o777, depth: depth + 1 })
      else if (stats.isFile()) tree.files.push(file(below, inside, stats))
      else if (!stats.isSymbolicLink()) tree.skipped.push(below)
      else await link(below, inside)
    }
  }

  /** A server may leave out any attribute. Source: draft-ietf-secsh-filexfer-02, 5. */
  const file = (path: string, name: string, { size, mode, mtime }: Partial<Stats>): GuestFile => {
    if (!Number.isSafeInteger(size) || size === undefined) throw refuse(path, 'has no size')
    return { path, name, size, mode: (mode ?? 0o600) & 0o777, mtime: mtime ?? 0 }
  }

  const link = async (path: string, name: string): Promise<void> => {
    const target: unknown = await sftp.readLink(path)
    if (typeof target !== 'string') throw refuse(path, 'is a link without a target')
    const leadsTo = posix.normalize(posix.join(posix.dirname(name), target))
    const inside = !target.startsWith('/') && leadsTo !== '..' && !leadsTo.startsWith('../')
    if (inside && !target.includes('\0') && target !== '') tree.links.push({ name, target })
    else tree.skipped.push(path)
  }

  try {
    const there = await sftp.stat(from)
    if (there.isDirectory()) await folder(from, { name: '', mode: there.mode & 0o777, depth: 0 })
    else if (there.isFile()) tree.files.push(file(from, '', there))
    else
      throw guestError(session, from, {
        why: 'is neither a file nor a folder',
        hint: 'only files and folders are copied',
      })
    return tree
  } catch (error) {
    throw explainGuest(session, from, error)
  }
}

/** Whether a name in a listing is that of something in the folder itself. */
function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && name.length <= 255
}
