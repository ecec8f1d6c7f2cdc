import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/errno.ts'
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

/**
 * The bytes of a tar archive, plain or packed with gzip, xz or zstd, told apart by their first bytes
 * and not by the name. E_BOX_INVALID for one that is damaged, or unpacks to more than its size allows.
 */
export async function* openArchive(
  path: string,
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array> {
  const magic = await firstBytes(path)
  const program = programs.find((one) => magic.startsWith(one.magic))
  const limit = await archiveLimit(path)
  const unpacked =
    program !== undefined ? runProgram(path, program) : magic.startsWith('1f8b') ? gunzip(path) : plain(path)
  let size = 0
  for await (const chunk of unpacked) {
    options.signal?.throwIfAborted()
    size += chunk.length
    checkUnpacked(path, size, limit)
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

async function* gunzip(path: string): AsyncGenerator<Uint8Array> {
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 })
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  source.on('error', (error) => gunzip.destroy(error))
  try {
    yield* source.pipe(gunzip)
  } catch (error) {
    if (isErrno(error, 'Z_DATA_ERROR', 'Z_BUF_ERROR')) throw damaged(path, error)
    throw error
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}

/** Node 20 has neither zstd nor xz. */
async function* runProgram(path: string, program: (typeof programs)[number]): AsyncGenerator<Uint8Array> {
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
        `${path} is packed with ${program.name}, which is not installed`,
        {
          value: path,
          hint: `sudo apt-get install ${program.package}`,
        },
      )
    if (result.failed) throw damaged(path, result)
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

function damaged(path: string, cause: unknown): PosadaError {
  return new PosadaError('E_BOX_INVALID', `${path} is damaged: it cannot be unpacked`, {
    value: path,
    hint: 'get the archive again from where it came from',
    cause,
  })
}
