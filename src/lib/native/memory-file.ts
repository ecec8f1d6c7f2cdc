import { openSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { loadKoffi } from './koffi.ts'

/** memfd_create(2). */
const MFD_CLOEXEC = 1

/**
 * A file without a name that holds this text, to be read from its beginning by whoever is given the descriptor
 * returned, which the caller closes. In memory only on Linux.
 */
export function textFile(text: string): number {
  const descriptor = process.platform === 'linux' ? memoryFile() : unlinkedFile()
  const bytes = Buffer.from(text)
  // At a place of its own each time, so that the file's position stays where the reader begins.
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, at)
  return descriptor
}

function memoryFile(): number {
  const koffi = loadKoffi()
  const create = koffi.load(null).func('int memfd_create(const char *name, unsigned int flags)')
  const descriptor: number = create('posada', MFD_CLOEXEC)
  if (descriptor >= 0) return descriptor
  const code = getSystemErrorName(-koffi.errno())
  throw Object.assign(new Error(`${code}: memfd_create`), { code, syscall: 'memfd_create' })
}

function unlinkedFile(): number {
  const path = join(tmpdir(), `.posada-${process.pid}-${performance.now()}.tmp`)
  const descriptor = openSync(path, 'wx+', 0o600)
  unlinkSync(path)
  return descriptor
}
