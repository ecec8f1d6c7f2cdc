import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader } from '../../lib/tar/byte-reader.ts'
import { boxMembers } from '../archive/box-members.ts'
import { archiveLimit, openArchive } from '../archive/open-archive.ts'
import { refused } from '../archive/refused.ts'
import { safePath } from '../archive/safe-path.ts'
import { checkUnpacked } from '../archive/unpack-limit.ts'
import { writeMember } from '../archive/write-member.ts'

/** A file that was in the archive, and where it lies now. */
export interface Unpacked {
  path: string
  size: number
  sha256: string
}

/**
 * Unpacks the ordinary files of an archive into the new folder `target`, under numbers: no name out of the archive
 * comes near the file system. Returns them by their paths in the archive. Links, devices and paths that
 * lead out of the archive are refused: no box needs them.
 */
export async function unpackFiles(
  source: { path: string; shown: string },
  target: string,
  signal: AbortSignal,
): Promise<Map<string, Unpacked>> {
  const files = new Map<string, Unpacked>()
  const limit = await archiveLimit(source.path)
  const reader = new ByteReader(openArchive(source.path, { signal, shown: source.shown }))
  let total = 0
  await mkdir(target)
  try {
    for await (const member of boxMembers(reader, source.shown)) {
      const shown = JSON.stringify(member.name.slice(0, 200))
      if (member.kind === 'odd') throw refused(source.shown, `${shown} is ${member.what}`, hint)
      if (member.kind === 'folder') continue
      const name = safePath(member.name)
      if (name === null) throw refused(source.shown, `${shown} points outside the archive`, hint)
      if (files.has(name)) throw refused(source.shown, `it contains ${shown} twice`, hint)
      total += member.size
      checkUnpacked(source.shown, total, limit)
      const path = join(target, String(files.size))
      const sha256 = await writeMember(path, member.size, member.pieces())
      files.set(name, { path, size: member.size, sha256 })
    }
    return files
  } finally {
    await reader.close()
  }
}

const hint =
  'a Vagrant box holds metadata.json, its disks and perhaps a Vagrantfile; do not trust one with anything else in it'
