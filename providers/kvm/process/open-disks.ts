import type { MachineSpec } from '../../../src/provider/index.ts'
import type { Disk } from '../disk/disk.ts'
import { type DiskFile, openDisk } from '../disk/open-disk.ts'
import { BlkDevice } from '../virtio/devices/blk/device.ts'
import type { DiskThrottle } from '../virtio/devices/blk/throttle.ts'
import type { Log } from './machine-log.ts'

export interface DiskOptions {
  log: Log
  /** Of all of them together; what is read and written is added to it. */
  transferred: { read: number; written: number }
  /** Of all of them together. */
  throttle: DiskThrottle
  /** A disk has no room on the host; its requests wait for a retry. */
  onNoSpace: () => void
  /** Requests wait until this resolves. */
  heldUntil: Promise<void>
}

/** A machine's disks, then its media. Leaves nothing open when it fails. @throws PosadaError for what a user can fix */
export function openDisks(spec: MachineSpec, { log, ...options }: DiskOptions): BlkDevice[] {
  const opened: Disk[] = []
  const open = (file: DiskFile): Disk => {
    const disk = openDisk(file)
    opened.push(disk)
    return disk
  }
  try {
    const form = { format: 'qcow2', readOnly: false, throwAway: spec.throwAway === true } as const
    const disks = spec.disks.map(({ name, path, base }) => {
      const disk = open({ ...form, path, ...(base === undefined ? {} : { base }) })
      return new BlkDevice({ disk, id: name, ...options, onError: (error) => log(`disk ${name}: ${error}`) })
    })
    const media = (spec.media ?? []).map(({ name, path }) => {
      const disk = open({ path, format: 'raw', readOnly: true })
      return new BlkDevice({
        disk,
        id: name,
        ...options,
        onError: (error) => log(`medium ${name}: ${error}`),
      })
    })
    return [...disks, ...media]
  } catch (error) {
    for (const disk of opened) disk.close()
    throw error
  }
}
