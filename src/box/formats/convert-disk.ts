import { rm, stat } from 'node:fs/promises'
import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { readStart } from '../../lib/files/read-start.ts'
import { findProgram } from '../../lib/process/find-program.ts'
import { count, list, parseShape, partOf, truth } from '../../lib/values/shape.ts'
import { formatSize } from '../../lib/values/units.ts'
import { unpackLimit } from '../archive/unpack-limit.ts'
import type { Kind } from './file-kinds.ts'
import { type Extent, writeQcow2 } from './write-qcow2.ts'

export interface Converting {
  /** The image, which no one else may change. */
  from: string
  /** Where the qcow2 image goes, which must not be there yet. */
  to: string
  format: NonNullable<Kind['converts']>
  /** Bytes that may come out of it, holes not counted; as for an archive of its size where absent. */
  limit?: number
  /** What to call it in messages. */
  shown: string
  signal: AbortSignal
}

/**
 * Makes a qcow2 image of one of another format with qemu-img, the same to the byte whatever its version. The image is
 * hostile: what leads to other files is refused, no base is opened, and what comes out is bounded as an archive's
 * content is. E_BOX_INVALID.
 */
export async function convertDisk({ to, ...image }: Converting): Promise<void> {
  const { from, format, shown, signal } = image
  const { start, size } = await readStart(from)
  const flaw = format === 'vmdk' ? vmdkFlaw(start) : null
  if (flaw !== null) throw unusable(shown, flaw, flatten)
  const raw = `${to}.raw`
  try {
    await convert(raw, { limit: unpackLimit(size), ...image })
    await writeQcow2({ from: raw, extents: await dataIn(raw, signal), to, signal })
  } finally {
    await rm(raw, { force: true })
  }
}

const flatten = 'make it self-contained where it was made: qemu-img convert -O qcow2 IMAGE root.qcow2'

/**
 * What leads out of an image: without a capacity of its own its descriptor lists files that hold the disk, and a delta
 * has a parent. Source: VMware, Virtual Disk Format 5.0; QEMU, block/vmdk.c, vmdk_open_vmdk4.
 */
function vmdkFlaw(start: Buffer): string | null {
  if (start.toString('latin1', 0, 4) !== 'KDMV' || start.length < 44) return null
  if (start.readBigUInt64LE(12) === 0n) return 'its data is in other files'
  const at = Number(start.readBigUInt64LE(28)) * 512
  const descriptor = start.toString('latin1', Math.min(at, start.length))
  const parent = /^\s*parentCID\s*=\s*"?([0-9a-f]+)/im.exec(descriptor)?.[1]
  if (parent !== undefined && !/^f{8}$/i.test(parent))
    return 'it holds only the differences from another image'
  return null
}

async function convert(
  raw: string,
  { from, format, shown, signal, limit }: Omit<Converting, 'to'> & { limit: number },
): Promise<void> {
  if (findProgram('qemu-img') === null)
    throw unusable(shown, 'qemu-img, which converts it, is not installed', 'sudo apt-get install qemu-utils')
  const file = { driver: 'file', filename: from }
  const image = `json:${JSON.stringify({ driver: format, file, backing: null })}`
  const stop = new AbortController()
  const look = async () => {
    if ((await roomOf(raw)) > limit) stop.abort()
  }
  const watch = setInterval(look, 100)
  const result = await qemuImg(['convert', '-O', 'raw', image, raw], AbortSignal.any([signal, stop.signal]))
  clearInterval(watch)
  await look()
  if (signal.aborted) throw signal.reason
  if (stop.signal.aborted)
    throw unusable(
      shown,
      `it unpacks to more than ${formatSize(limit)}, which is too much for its size`,
      flatten,
    )
  if (result.exitCode === 0) return
  if (/No space left/.test(result.stderr))
    throw Object.assign(new Error(result.stderr), { code: 'ENOSPC', path: raw })
  const [last = ''] = result.stderr.trim().split('\n').slice(-1)
  throw unusable(shown, `qemu-img cannot read it (${last.replace(/^qemu-img: /, '').slice(0, 200)})`, flatten)
}

const extents = list(partOf({ start: count(), length: count(), data: truth() }), { max: 1_000_000 })

/** Where a raw disk has anything but holes, in order; the whole of it where that cannot be told. */
async function dataIn(raw: string, signal: AbortSignal): Promise<Extent[]> {
  const { stdout } = await qemuImg(['map', '--output=json', '-f', 'raw', raw], signal)
  signal.throwIfAborted()
  const found = parseShape(extents, stdout)
  if (found === null) return [{ start: 0, length: (await stat(raw)).size }]
  return found.filter(({ data }) => data).map(({ start, length }) => ({ start, length }))
}

/** Bytes that a file takes; 0 where it is not there yet. */
async function roomOf(path: string): Promise<number> {
  try {
    return (await stat(path)).blocks * 512
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}

function qemuImg(argv: readonly string[], cancelSignal: AbortSignal) {
  return execa('qemu-img', argv, { reject: false, cancelSignal, stdin: 'ignore', cwd: '/' })
}

function unusable(shown: string, problem: string, hint: string): PosadaError {
  return new PosadaError('E_BOX_INVALID', `the disk ${shown} is not usable: ${problem}`, {
    value: shown,
    hint,
  })
}
