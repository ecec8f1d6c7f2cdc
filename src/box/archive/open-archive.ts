import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/errno.ts'

/**
 * The bytes of a .tar, .tar.gz or .tar.zst, told apart by their first bytes and not by the name.
 * E_BOX_INVALID for anything else.
 */
export async function* openArchive(path: string): AsyncGenerator<Uint8Array> {
  const magic = await firstBytes(path)
  if (magic.startsWith('1f8b')) yield* gunzip(path)
  else if (magic.startsWith('28b52ffd')) yield* unzstd(path)
  else yield* createReadStream(path, { highWaterMark: 1024 * 1024 })
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

/** Node 20 has no zstd of its own. */
async function* unzstd(path: string): AsyncGenerator<Uint8Array> {
  const child = execa('zstd', ['-d', '-q', '-c', '--', path], {
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
      throw new PosadaError('E_BOX_INVALID', `${path} is packed with zstd, which is not installed`, {
        value: path,
        hint: 'sudo apt-get install zstd',
      })
    if (result.failed) throw damaged(path, result)
  } finally {
    child.kill()
    await child
  }
}

async function firstBytes(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
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
