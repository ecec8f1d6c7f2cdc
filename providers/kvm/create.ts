import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../../src/errors/index.ts'
import type { DiskSpec, MachineSpec } from '../../src/provider/index.ts'
import { cacheKernel } from './boot/kernel-cache.ts'
import { openDisk } from './disk/open-disk.ts'
import { createOverlay, growOverlay } from './disk/qcow2/create.ts'
import { readRecord, writeRecord } from './run-record.ts'

/**
 * Makes the overlays that are missing and grows those that the spec wants larger, then the record. Unpacks the
 * kernel for faster starts.
 */
export async function create(spec: MachineSpec, cacheDir: string): Promise<void> {
  if (spec.boot.kind === 'kernel') await cacheKernel(spec.boot.kernel, cacheDir)
  for (const disk of spec.disks) {
    if (existsSync(disk.path)) {
      growOverlay(disk.path, disk.size)
      continue
    }
    await mkdir(dirname(disk.path), { recursive: true })
    checkBase(spec, disk)
    createOverlay(disk.path, { size: disk.size, ...(disk.base === undefined ? {} : { base: disk.base }) })
  }
  if ((await readRecord(spec)) === null) await writeRecord(spec, null)
}

function checkBase(spec: MachineSpec, { base, name, size }: DiskSpec): void {
  if (base === undefined) return
  if (!existsSync(base.path)) {
    throw new PosadaError('E_BOX_CORRUPT', `the base image of disk ${name} is missing`, {
      value: base.path,
      machine: spec.name,
      hint: 'build or add the box again: posada box list',
    })
  }
  const disk = openDisk({ ...base, readOnly: true })
  const least = disk.size
  disk.close()
  if (size < least) {
    throw new PosadaError('E_DISK_SHRINK', `disk ${name} has ${least} bytes and cannot be made smaller`, {
      value: String(size),
      machine: spec.name,
      hint: `ask for at least ${least} bytes`,
    })
  }
}
