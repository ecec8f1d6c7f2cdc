import { dirname, resolve } from 'node:path'
import { PosadaError } from '../../../../src/errors/index.ts'
import { tryLock } from '../../../../src/lib/native/flock.ts'
import { type Disk, DiskFault } from '../disk.ts'
import { HostFile, type HostFileOptions } from '../host-file.ts'
import { auditReferences } from './audit.ts'
import { damaged, parseHeader } from './header.ts'
import { Qcow2Reader } from './reader.ts'
import { Qcow2Writer } from './writer.ts'

export interface Qcow2Options extends HostFileOptions {
  /** What the image lies on, already open, with the path the image must name; null for an image of its own. */
  readonly base: { readonly path: string; readonly disk: Disk } | null
}

/**
 * Opens a qcow2 image (QEMU, docs/interop/qcow2.rst). Compressed clusters (zlib) are read. For writing it
 * must be version 3 with refcounts of 16 bits, without snapshots, and sound: its references are gone through
 * first. The file a header names as its base is never opened; the name must be that of the base given.
 * Closes the file again when it refuses the image; the base stays the caller's.
 */
export function openQcow2(path: string, options: Qcow2Options): Disk {
  const file = new HostFile(path, options)
  try {
    return openQcow2File(file, options)
  } catch (error) {
    file.close()
    throw error
  }
}

/** As `openQcow2`, of a file that is open already and, when refused, stays so. */
export function openQcow2File(file: HostFile, { readOnly, base }: Qcow2Options): Disk {
  const { path } = file
  const size = file.size
  const start = Buffer.alloc(Math.min(size, 65536))
  file.read(0, [start])
  const header = parseHeader(start, path, size)
  // A relative name begins in the folder of the image.
  const named = header.backingName === null ? null : resolve(dirname(path), header.backingName)
  if (named !== (base === null ? null : resolve(base.path))) {
    const claim = header.backingName === null ? 'no base' : `the base ${header.backingName}`
    throw damaged(path, `it names ${claim}; expected ${base === null ? 'none' : base.path}`)
  }
  const reader = new Qcow2Reader(file, header, base?.disk ?? null)
  if (readOnly) return reader

  if (header.version !== 3)
    throw damaged(path, 'version 2 cannot be written; qemu-img amend -o compat=1.1 makes it 3')
  if (header.refcountOrder !== 4) throw damaged(path, 'only refcounts of 16 bits can be written')
  if (header.snapshots > 0)
    throw damaged(path, 'it holds internal snapshots; qemu-img snapshot -d removes them')
  if (header.autoclear) throw damaged(path, 'it holds bitmaps or other features of another writer')
  if (header.features.dirty || header.features.corrupt)
    throw damaged(path, 'its last writer did not close it; qemu-img check -r all repairs it')
  if (!tryLock(file.fd, path)) {
    throw new PosadaError('E_DISK_IN_USE', `${path} is in use by another process`, {
      value: path,
      hint: 'stop the machine that uses the disk',
    })
  }
  const writer = new Qcow2Writer(reader)
  try {
    if (auditReferences({ file, header, mapping: reader.mapping, refcounts: writer.refcounts }) > 0)
      writer.flush()
  } catch (error) {
    if (error instanceof DiskFault) throw damaged(path, error.message)
    throw error
  }
  return writer
}
