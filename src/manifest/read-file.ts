import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { limits } from './limits.ts'
import type { Report } from './problems.ts'
import { makeSource, type Source } from './source/source.ts'

/**
 * Reads a text file in UTF-8; undefined where there is none, or after reporting that it is no
 * UTF-8. Throws E_MANIFEST_READ, and E_MANIFEST_TOO_LARGE over `limits.fileSize`. Never waits: what
 * is not an ordinary file is refused.
 */
export async function readSource(file: string, report: Report): Promise<Source | undefined> {
  const bytes = await readBounded(file)
  return bytes === undefined ? undefined : decodeSource({ file, url: null }, bytes, report)
}

/** The text of a source's bytes; undefined after reporting that they are not UTF-8. */
export function decodeSource(
  { file, url }: Pick<Source, 'file' | 'url'>,
  bytes: Uint8Array,
  report: Report,
): Source | undefined {
  try {
    return makeSource(file, new TextDecoder('utf-8', { fatal: true }).decode(bytes), url)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    reportEncoding(file, bytes, report)
    return undefined
  }
}

async function readBounded(file: string): Promise<Buffer | undefined> {
  let handle: FileHandle
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw cannotRead(file, error)
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw notAFile(file, stats.isDirectory())
    const buffer = Buffer.alloc(limits.fileSize + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) break
    }
    if (length > limits.fileSize)
      throw new PosadaError('E_MANIFEST_TOO_LARGE', `${file} is larger than 1 MiB`, {
        value: file,
        hint: 'a manifest is a few hundred lines of settings; move data into separate files',
      })
    return buffer.subarray(0, length)
  } catch (error) {
    throw error instanceof PosadaError ? error : cannotRead(file, error)
  } finally {
    await handle.close()
  }
}

function notAFile(file: string, folder: boolean): PosadaError {
  return new PosadaError('E_MANIFEST_READ', `${file} is ${folder ? 'a folder' : 'not an ordinary file'}`, {
    value: file,
    hint: folder ? 'name the file in it, or rename the folder' : 'put an ordinary file in its place',
  })
}

/** The coded form of a system error met while reading; anything else as it came. */
export function cannotRead(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const [why, hint] = reasons[error.code] ?? [
    `reading it failed with ${error.code}`,
    'look at the file system',
  ]
  return new PosadaError('E_MANIFEST_READ', `cannot read ${file}: ${why}`, {
    value: file,
    hint,
    cause: error,
  })
}

const reasons: Record<string, [why: string, hint: string]> = {
  EACCES: ['permission denied', 'check who owns the file and the folders above it: ls -l'],
  EPERM: ['permission denied', 'check who owns the file and the folders above it: ls -l'],
  ELOOP: ['it is a symbolic link that leads back to itself', 'replace the link by the file'],
  ENAMETOOLONG: ['the path is too long', 'use a shorter path'],
  ENXIO: ['it is not an ordinary file', 'put an ordinary file in its place'],
  EISDIR: ['it is a folder', 'name the file in it, or rename the folder'],
}

function reportEncoding(file: string, bytes: Uint8Array, report: Report): void {
  const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
  const encoded = Buffer.from(lenient.decode(bytes))
  let offset = 0
  while (offset < bytes.length && bytes[offset] === encoded[offset]) offset += 1
  const wide = bytes[0] === 0xff || bytes[0] === 0xfe
  const source = makeSource(file, new TextDecoder('utf-8').decode(bytes))
  const before = new TextDecoder('utf-8').decode(bytes.subarray(0, offset), { stream: true })
  report({
    code: 'E_YAML',
    message: wide ? 'the file is in UTF-16, not in UTF-8' : 'the file is not in UTF-8 from here on',
    span: { source, start: before.length, end: before.length + 1 },
    hint: 'save the file in UTF-8',
  })
}
