import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader } from '../../lib/tar/byte-reader.ts'
import type { TarMember } from '../../lib/tar/tar-members.ts'
import { boxFiles, boxJsonLimit, parseBoxManifest } from '../box-manifest.ts'
import { checkDisks, checkHashes } from '../check-files.ts'
import type { BoxManifest } from '../model.ts'
import { boxJsonName } from '../store-paths.ts'
import { boxMembers } from './box-members.ts'
import { type ArchiveOptions, archiveLimit, openArchive } from './open-archive.ts'
import { refused } from './refused.ts'
import { checkUnpacked } from './unpack-limit.ts'
import { writeMember } from './write-member.ts'

/**
 * Unpacks a box into the empty folder `target`. The archive is hostile: box.json comes first, and
 * what follows must be exactly the files that it names, each once, of the sizes that it gives. So
 * nothing is written that was not announced, however small the archive and large what is in it.
 */
export async function takeArchive(
  path: string,
  target: string,
  options: Omit<ArchiveOptions, 'limit'> = {},
): Promise<BoxManifest> {
  const source = options.shown ?? path
  const reader = new ByteReader(openArchive(path, options))
  try {
    const members = boxMembers(reader, source)
    const json = await readBoxJson(members, source)
    const manifest = parseBoxManifest(json.toString('utf8'), source)
    const files = boxFiles(manifest)
    checkUnpacked(
      source,
      files.reduce((sum, { size }) => sum + size, 0),
      await archiveLimit(path),
    )
    await writeFile(join(target, boxJsonName), json, { flag: 'wx', mode: 0o600 })
    const hashes = await unpackFiles(members, {
      source,
      target,
      sizes: new Map(files.map((one) => [one.file, one.size])),
    })
    checkHashes(manifest, hashes, source)
    await checkDisks(target, manifest, source)
    return manifest
  } finally {
    await reader.close()
  }
}

async function readBoxJson(members: AsyncGenerator<TarMember>, source: string): Promise<Buffer> {
  const member = await nextFile(members, source)
  if (member === null || plainName(member.name) !== boxJsonName)
    throw refused(
      source,
      `its first file is not ${boxJsonName}`,
      'create it with: tar cf box.tar box.json <other files>',
    )
  if (member.size > boxJsonLimit)
    throw refused(source, `its ${boxJsonName} is too large (${member.size} bytes)`)
  const json = Buffer.alloc(member.size)
  for await (const { offset, bytes } of member.pieces()) json.set(bytes, offset)
  return json
}

/** Returns the SHA-256 of each file. */
async function unpackFiles(
  members: AsyncGenerator<TarMember>,
  { source, target, sizes }: { source: string; target: string; sizes: ReadonlyMap<string, number> },
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>()
  for (
    let member = await nextFile(members, source);
    member !== null;
    member = await nextFile(members, source)
  ) {
    const name = plainName(member.name)
    const shown = JSON.stringify(member.name)
    if (name === null) throw refused(source, `${shown} is not a plain file name`)
    const size = sizes.get(name)
    if (size === undefined || hashes.has(name))
      throw refused(source, `it contains ${name}, which box.json does not name, or contains it twice`)
    if (size !== member.size)
      throw refused(source, `${name} has ${member.size} bytes, and box.json says ${size}`)
    hashes.set(name, await writeMember(join(target, name), size, member.pieces()))
  }
  const missing = [...sizes.keys()].find((name) => !hashes.has(name))
  if (missing !== undefined) throw refused(source, `${missing} is missing`)
  return hashes
}

/** The next ordinary file; null at the end of the archive. The folder that the files lie in is passed over. */
async function nextFile(members: AsyncGenerator<TarMember>, source: string): Promise<TarMember | null> {
  for (let folders = 0; folders < 2; folders++) {
    const { value, done } = await members.next()
    if (done === true) return null
    const shown = JSON.stringify(value.name)
    if (value.kind === 'odd') throw refused(source, `${shown} is ${value.what}`)
    if (value.kind === 'file') return value
    if (value.name !== './' && value.name !== '.') throw refused(source, `${shown} is a folder`)
  }
  throw refused(source, 'it contains folders')
}

/** null for whatever could not lie in a box's folder itself. */
export function plainName(name: string): string | null {
  const plain = name.startsWith('./') ? name.slice(2) : name
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(plain) ? plain : null
}
