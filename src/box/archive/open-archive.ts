import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { checkUnpacked, unpackLimit } from './unpack-limit.ts'

/** Programs for what Node does not unpack itself, by the first bytes of a file. Each is held to 1 GiB of memory. */
const programs = [
  { magic: '28b52ffd', name: 'zstd', package: 'zstd', args: ['-d', '-q', '-c', '--memory=1024MB'] },
  {
    magic: 'fd377a585a00',
    name: 'xz',
    package: 'xz-utils',
    args: ['-d', '-q', '-c', '--memlimit-decompress=1GiB'],
  },
] as const

export interface ArchiveOptions {
  signal?: AbortSignal
  /** What to call it in messages; its path unless given. */
  shown?: string
  /** Bytes that may come out of it; see `archiveLimit`. */
  limit?: number
}

interface Source {
  path: string
  shown: string
}

/**
 * The bytes of a tar archive, plain or packed with gzip, xz or zstd, told apart by their first bytes
 * and not by the name. E_BOX_INVALID for one that is damaged, or unpacks to more than its size allows.
 */
export async function* openArchive(
  path: string,
  { signal, shown = path, limit }: ArchiveOptions = {},
): AsyncGenerator<Uint8Array> {
  const magic = await firstBytes(path)
  const program = programs.find((one) => magic.startsWith(one.magic))
  const most = limit ?? (await archiveLimit(path))
  const source = { path, shown }
  const unpacked =
    program !== undefined
      ? runProgram(source, program)
      : magic.startsWith('1f8b')
        ? gunzip(source)
        : plain(path)
  let size = 0
  for await (const chunk of unpacked) {
    signal?.throwIfAborted()
    size += chunk.length
    checkUnpacked(shown, size, most)
    yield chunk
  }
}

/** See `unpackLimit`. */
export async function archiveLimit(path: string): Promise<number> {
  return unpackLimit((await stat(path)).size)
}

function plain(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: 1024 * 1024 })
}

async function* gunzip({ path, shown }: Source): AsyncGenerator<Uint8Array> {
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 })
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  source.on('error', (error) => gunzip.destroy(error))
  try {
    yield* source.pipe(gunzip)
  } catch (error) {
    if (isErrno(error, 'Z_DATA_ERROR', 'Z_BUF_ERROR')) throw damaged(shown, error)
    throw error
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}

/** Node 20 has neither zstd nor xz. */
async function* runProgram(
  { path, shown }: Source,
  program: (typeof programs)[number],
): AsyncGenerator<Uint8Array> {
  const child = execa(program.name, [...program.args, '--', path], {
    buffer: false,
    encoding: 'buffer',
    reject: false,
    stdin: 'ignore',
    stderr: 'ignore',
  })
  try {
    for await (const chunk of child.stdout) yield chunk as Uint8Array
    const result = await child
    if (result.code === 'ENOENT')
      throw new PosadaError(
        'E_BOX_INVALID',
        `${shown} is packed with ${program.name}, which is not installed`,
        {
          value: shown,
          hint: `sudo apt-get install ${program.package}`,
        },
      )
    if (result.failed) throw damaged(shown, result)
  } finally {
    child.kill()
    await child
  }
}

async function firstBytes(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(6), 0, 6, 0)
    return buffer.toString('hex', 0, bytesRead)
  } finally {
    await file.close()
  }
}

function damaged(shown: string, cause: unknown): PosadaError {
  return new PosadaError('E_BOX_INVALID', `${shown} is damaged: it cannot be decompressed`, {
    value: shown,
    hint: 'get the archive again from its source',
    cause,
  })
}
