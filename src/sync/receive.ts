import { createHash, type Hash } from 'node:crypto'
import { copyFile, open } from 'node:fs/promises'
import { ByteReader } from '../lib/tar/byte-reader.ts'
import { type TarMember, tarMembers } from '../lib/tar/tar-members.ts'
import { sha256 } from './host-scan.ts'
import { malformed } from './listing.ts'
import { bytesOf, isPlain } from './paths.ts'

/** A file or link that came from the guest. */
export interface Received {
  kind: 'file' | 'link'
  size: number
  /** As in Entry. */
  digest: string
  /** Where a file's content is now. */
  file: string
  /** Of a link. */
  target: Buffer
}

const limits = { members: 3_000_000, headers: 2 ** 30 }
const refusal = { refused: malformed, truncated: () => malformed('the archive is cut short') }

/**
 * Takes the files and links of a tar archive of the guest, each into a new file in `folder`, whatever its name is. Names that
 * are not plain are refused, E_SYNC_GUEST; folders are left out, and of two hard links each becomes a file of its own.
 */
export async function receive(
  answer: AsyncIterable<Buffer>,
  folder: string,
  taken: (path: string, received: Received) => Promise<void>,
): Promise<void> {
  const source = answer[Symbol.asyncIterator]()
  const first = await source.next()
  if (first.done === true) return
  const files = new Map<string, Received>()
  let count = 0
  for await (const member of tarMembers(new ByteReader(chained(first.value, source)), refusal, limits)) {
    const path = nameOf(member.name)
    if (path === '') continue
    const received = await takeMember(member, `${folder}/${++count}`, files)
    if (received === null) continue
    if (received.kind === 'file') files.set(path, received)
    await taken(path, received)
  }
}

async function* chained(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

function nameOf(written: string): string {
  const path = written.replace(/^\.\//, '').replace(/\/$/, '')
  if (path === '' || path === '.') return ''
  if (!isPlain(path)) throw malformed(path)
  return path
}

async function takeMember(
  member: TarMember,
  file: string,
  files: ReadonlyMap<string, Received>,
): Promise<Received | null> {
  const { type } = member.header
  const target = bytesOf(member.target)
  if (type === '2') return { kind: 'link', size: target.length, digest: sha256(target), file: '', target }
  if (type === '1') {
    const other = files.get(nameOf(member.target))
    if (other === undefined) throw malformed(member.target)
    await copyFile(other.file, file)
    return { ...other, file }
  }
  if (member.kind !== 'file') return null
  return { kind: 'file', ...(await write(member, file)), file, target: Buffer.alloc(0) }
}

/** Holes stay holes, also those that the archive has written out. */
async function write(member: TarMember, path: string): Promise<{ size: number; digest: string }> {
  const hash = createHash('sha256')
  const handle = await open(path, 'wx', 0o600)
  try {
    let end = 0
    for await (const { offset, bytes } of member.pieces()) {
      hashZeros(hash, offset - end)
      hash.update(bytes)
      if (bytes.length < 4096 || bytes.some((byte) => byte !== 0))
        await handle.write(bytes, 0, bytes.length, offset)
      end = offset + bytes.length
    }
    hashZeros(hash, member.size - end)
    await handle.truncate(member.size)
  } finally {
    await handle.close()
  }
  return { size: member.size, digest: hash.digest('hex') }
}

const zeros = Buffer.alloc(65_536)

/** A hole may be larger than any buffer. */
function hashZeros(hash: Hash, length: number): void {
  for (let left = length; left > 0; left -= zeros.length)
    hash.update(left < zeros.length ? zeros.subarray(0, left) : zeros)
}
