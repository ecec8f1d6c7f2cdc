import type { DiskBase } from '../../../src/provider/index.ts'
import type { Disk } from './disk.ts'
import type { HostFileOptions } from './host-file.ts'
import { openQcow2 } from './qcow2/qcow2-disk.ts'
import { RawDisk } from './raw-disk.ts'

export interface DiskFile extends HostFileOptions {
  readonly path: string
  readonly format: 'raw' | 'qcow2'
  /** What an overlay lies on: opened for reading, by the format stated, never guessed. */
  readonly base?: DiskBase
}

/** Opens a disk image with its base. Throws PosadaErrors for what cannot be used, system errors as they come. */
export function openDisk(file: DiskFile): Disk {
  if (file.format === 'raw') return new RawDisk(file.path, { readOnly: file.readOnly })
  const { readOnly, throwAway = false } = file
  const disk = file.base === undefined ? null : openDisk({ ...file.base, readOnly: true })
  const base = file.base === undefined || disk === null ? null : { path: file.base.path, disk }
  try {
    return openQcow2(file.path, { readOnly, throwAway, base })
  } catch (error) {
    disk?.close()
    throw error
  }
}
