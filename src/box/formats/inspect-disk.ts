import { open } from 'node:fs/promises'
import { PosadaError } from '../../errors/index.ts'
import {
  externalDataExtension,
  type Qcow2Header,
  readQcow2Header,
  roundUp,
} from '../../lib/disk/qcow2-header.ts'
import { readStart } from '../../lib/files/read-start.ts'
import type { BoxDisk } from '../model.ts'
import { kindOf } from './file-kinds.ts'
import { qcow2CutShort } from './qcow2-cut-short.ts'

/** A box's disk: what ext4 holds in one file. */
const largestDisk = 16 * 2 ** 40

/**
 * Looks into a disk image that someone else made, by the format that is stated for it and never by a
 * guess. Refused with E_BOX_INVALID: an image that leads a hypervisor to another file of the host (a
 * base, external data), that is encrypted, marked damaged, holds snapshots, or is not what it is said
 * to be. Returns what the guest sees, in bytes.
 */
export async function inspectDisk(
  path: string,
  { format, shown }: { format: BoxDisk['format']; shown: string },
): Promise<{ virtualSize: number }> {
  const { start, size } = await readStart(path)
  const refuse = (problem: string, hint: string): never => {
    throw new PosadaError('E_BOX_INVALID', `the disk ${shown} is not usable: ${problem}`, {
      value: shown,
      hint,
    })
  }
  const foreign = kindOf(start)
  if (format === 'raw') {
    if (foreign !== null) return refuse(`it is ${foreign.what}, not a raw image`, foreign.hint)
    if (size === 0) return refuse('it is empty', getAgain)
    if (size > largestDisk) return refuse('it is larger than 16TiB', 'make it smaller')
    return { virtualSize: roundUp(size, 512) }
  }
  if (foreign !== null && foreign.what !== 'a qcow2 image')
    return refuse(`it is ${foreign.what}, not a qcow2 image`, foreign.hint)
  const header = readQcow2Header(start, size)
  if (typeof header === 'string') return refuse(header, getAgain)
  const flaw = flawOf(header)
  if (flaw !== null) return refuse(flaw.problem, flaw.hint)
  const cut = await cutShort(path, header, size)
  if (cut !== null) return refuse(cut, getAgain)
  return { virtualSize: header.size }
}

async function cutShort(path: string, header: Qcow2Header, size: number): Promise<string | null> {
  const file = await open(path, 'r')
  try {
    return await qcow2CutShort(file, header, size)
  } finally {
    await file.close()
  }
}

const getAgain = 'download it again; qemu-img info shows what it is'
const flatten = 'make it self-contained where it was made: qemu-img convert -O qcow2 IMAGE root.qcow2'

function flawOf(header: Qcow2Header): { problem: string; hint: string } | null {
  const { features, backingName, extensions } = header
  if (backingName !== null)
    return {
      problem: `it has a backing file, ${JSON.stringify(backingName.slice(0, 200))}`,
      hint: flatten,
    }
  if (features.externalData || extensions.includes(externalDataExtension))
    return { problem: 'its data is in another file', hint: flatten }
  if (header.encrypted) return { problem: 'it is encrypted', hint: 'a box must not be encrypted' }
  if (features.unknown) return { problem: 'it needs unknown features', hint: flatten }
  if (features.corrupt)
    return { problem: 'it is marked as corrupt', hint: 'qemu-img check -r all repairs what it can' }
  if (header.snapshots > 0) return { problem: 'it holds snapshots', hint: flatten }
  if (header.size === 0) return { problem: 'it is empty', hint: getAgain }
  if (header.size > largestDisk) return { problem: 'it is larger than 16TiB', hint: 'make it smaller' }
  return null
}
