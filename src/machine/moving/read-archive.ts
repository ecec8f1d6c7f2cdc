import { createHash } from 'node:crypto'
import { rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hashZeros, writeMember } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { sha256OfFile } from '../../lib/files/hash-file.ts'
import { makeFolder } from '../../lib/files/make-folder.ts'
import { ByteReader } from '../../lib/tar/byte-reader.ts'
import { type TarMember, tarMembers } from '../../lib/tar/tar-members.ts'
import { readShape } from '../../lib/values/shape.ts'
import { type ExportedFile, type ExportHeader, headerLimit, headerName, headerShape } from './header.ts'

/** An archive of `posada export` as it comes: hostile, so nothing is written but what its header names. */
export class ArchiveReader {
  readonly #reader: ByteReader
  readonly #members: AsyncGenerator<TarMember>
  readonly #shown: string

  /** `shown`: what to call it in messages. */
  constructor(bytes: AsyncIterable<Uint8Array>, shown: string) {
    this.#shown = shown
    this.#reader = new ByteReader(bytes)
    this.#members = tarMembers(this.#reader, {
      refused: (problem) => this.#refused(problem),
      truncated: () => this.#refused('it is cut short'),
    })
  }

  /** The first member. E_IMPORT. */
  async header(): Promise<ExportHeader> {
    const member = await this.#next()
    if (member?.name !== headerName) throw this.#refused(`its first file is not ${headerName}`)
    if (member.size > headerLimit) throw this.#refused(`its ${headerName} has ${member.size} bytes`)
    const bytes = Buffer.alloc(member.size)
    for await (const piece of member.pieces()) bytes.set(piece.bytes, piece.offset)
    const read = readShape(headerShape, parsed(bytes))
    if ('flaws' in read) throw this.#refused(`${headerName}: ${read.flaws[0] ?? 'it is not JSON'}`)
    const paths = read.value.files.map(({ path }) => path)
    const twice = paths.find((path, index) => paths.indexOf(path) !== index)
    if (twice !== undefined) throw this.#refused(`it has ${twice} twice`)
    return read.value
  }

  /**
   * Unpacks the files into a folder of this user's: each appears under its name when all of it is there and is what the
   * header says. What an import that was cut short has brought is not written again. E_IMPORT.
   */
  async unpack({ files }: ExportHeader, folder: string, onFile: (done: number) => void): Promise<void> {
    for (const [index, file] of files.entries()) {
      const member = await this.#next()
      if (member === null) throw this.#refused(`${file.path} is missing`)
      if (member.name !== file.path || member.size !== file.size)
        throw this.#refused(`it has ${JSON.stringify(member.name.slice(0, 200))} in place of ${file.path}`)
      const target = join(folder, file.path)
      const isThere = await isSame(target, file)
      const digest = isThere ? await digestOf(member) : await this.#write(target, member)
      if (digest !== file.sha256) {
        await rm(isThere ? target : `${target}.part`, { force: true })
        throw this.#refused(`${file.path} is damaged`)
      }
      if (!isThere) await rename(`${target}.part`, target)
      onFile(index + 1)
    }
    if ((await this.#next()) !== null) throw this.#refused('it has files that its header does not name')
  }

  close(): Promise<void> {
    return this.#reader.close()
  }

  async #write(target: string, member: TarMember): Promise<string> {
    await makeFolder(dirname(target), { mode: 0o700 })
    await rm(`${target}.part`, { force: true })
    return writeMember(`${target}.part`, member.size, member.pieces())
  }

  async #next(): Promise<TarMember | null> {
    const { value, done } = await this.#members.next()
    if (done === true) return null
    if (value.kind !== 'file') throw this.#refused(`it has ${value.what}`)
    return value
  }

  #refused(problem: string): PosadaError {
    return new PosadaError('E_IMPORT', `${this.#shown} is not a whole exported project: ${problem}`, {
      value: this.#shown,
      hint: 'get the file again, or make it again with posada export; compressed, it has to be unpacked first: zstd -dc FILE | posada import -',
    })
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function isSame(path: string, { size, sha256 }: ExportedFile): Promise<boolean> {
  try {
    return (await stat(path)).size === size && (await sha256OfFile(path)) === sha256
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}

/** Of a member that is not written. Holes count as zeros. */
async function digestOf(member: TarMember): Promise<string> {
  const hash = createHash('sha256')
  let at = 0
  for await (const { offset, bytes } of member.pieces()) {
    hashZeros(hash, offset - at)
    hash.update(bytes)
    at = offset + bytes.length
  }
  hashZeros(hash, member.size - at)
  return hash.digest('hex')
}
