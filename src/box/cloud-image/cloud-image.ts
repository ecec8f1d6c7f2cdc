import { createReadStream } from 'node:fs'
import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../../lib/files/errno.ts'
import { sha256OfFile } from '../../lib/files/hash-file.ts'
import { readStart } from '../../lib/files/read-start.ts'
import type { Piece } from '../../lib/tar/member-body.ts'
import { writeMember } from '../archive/write-member.ts'
import { convertDisk } from '../formats/convert-disk.ts'
import { type Kind, kindOf } from '../formats/file-kinds.ts'
import { inspectDisk } from '../formats/inspect-disk.ts'
import { startOfImage, unpackImage } from '../formats/packed-image.ts'
import type { BoxFileInput, BoxImporter, ImportOptions } from '../import/importer.ts'
import { nameFacts } from '../import/name-facts.ts'
import type { BoxDisk, BoxFacts, BoxManifest } from '../model.ts'
import { boxJsonName } from '../store-paths.ts'

/**
 * A disk image with cloud-init in it, as distributions publish them: no one can log in until a seed
 * brings it a key, and boots through firmware. The user is made by cloud-init, so that any name will do.
 * One of another hypervisor's format is converted, one that is packed is unpacked.
 */
export const cloudImage: BoxImporter = {
  what: 'a disk image (qcow2, VMDK, VDI, VHD, VHDX; raw with --image raw), also packed with gzip, xz or zstd',
  recognises: async ({ path, shown }, { facts }) =>
    facts.image !== undefined || isDisk(kindOf(await startOfImage(path, shown))),
  fill,
}

function isDisk(kind: Kind | null): boolean {
  return kind !== null && (kind.what === 'a qcow2 image' || kind.converts !== undefined)
}

/** The user of images of which nothing else is known. */
const standardUser = 'posada'
/** Less than any distribution with cloud-init boots with. */
const leastMemory = 256 * 2 ** 20

async function fill(input: BoxFileInput, target: string, options: ImportOptions): Promise<BoxManifest> {
  const { facts } = options
  const disk = await takeImage(input, target, { stated: facts.image, signal: options.signal })
  const arch = facts.arch ?? options.arch
  const manifest: BoxManifest = {
    format: 1,
    ...nameFacts(facts, { shown: input.shown, sha256: disk.sha256 }),
    arch,
    description: facts.description ?? 'a cloud image',
    disks: [disk],
    firmware: facts.firmware ?? (arch === 'aarch64' ? 'uefi' : 'bios'),
    login: { user: facts.user ?? standardUser, otherKeys: [] },
    seed: 'nocloud',
    announcesReady: false,
    agent: false,
    minMemory: leastMemory,
  }
  await writeFile(join(target, boxJsonName), `${JSON.stringify(manifest, null, 2)}\n`)
  return manifest
}

/** Moves or copies the image to `root.<format>`; it is looked into where it lies then, for no one changes it there. */
async function takeImage(
  input: BoxFileInput,
  target: string,
  { stated, signal }: { stated: BoxFacts['image']; signal: AbortSignal },
): Promise<BoxDisk> {
  const { shown } = input
  const packed = kindOf((await readStart(input.path)).start)?.packed === true
  const kind = kindOf(await startOfImage(input.path, shown))
  const converts = stated === undefined ? kind?.converts : undefined
  const format = stated ?? 'qcow2'
  const file = `root.${format}`
  const own = join(target, file)
  const taken = converts === undefined ? own : join(target, 'image')
  // What is not a disk at all is refused before it is copied.
  if (!packed && converts === undefined) await inspectDisk(input.path, { format, shown })
  const hash = packed ? await unpackImage(input, taken, signal) : await take(input, taken, signal)
  if (converts === undefined) return describe(own, { file, format, shown, sha256: hash })
  await convertDisk({ from: taken, to: own, format: converts, shown, signal })
  await rm(taken)
  return describe(own, { file, format, shown, sha256: await sha256OfFile(own) })
}

async function describe(
  path: string,
  { file, format, shown, sha256 }: Pick<BoxDisk, 'file' | 'format' | 'sha256'> & { shown: string },
): Promise<BoxDisk> {
  const { virtualSize } = await inspectDisk(path, { format, shown })
  return { file, size: (await stat(path)).size, sha256, format, virtualSize }
}

/** Returns its SHA-256. */
async function take({ path, ours, sha256 }: BoxFileInput, to: string, signal: AbortSignal): Promise<string> {
  if (ours && (await move(path, to))) return sha256 ?? (await sha256OfFile(to))
  return copy(path, to, signal)
}

/** False where it lies on another filesystem. */
async function move(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (isErrno(error, 'EXDEV')) return false
    throw error
  }
}

/** Reads every byte once, to hash it and to write it; what is zero takes no room. */
async function copy(from: string, to: string, signal: AbortSignal): Promise<string> {
  const { size } = await stat(from)
  return writeMember(to, size, piecesOf(from, size, signal))
}

const pieceSize = 256 * 1024

/** No more than `size` bytes: the file may grow while it is read. */
async function* piecesOf(path: string, size: number, signal: AbortSignal): AsyncGenerator<Piece> {
  if (size === 0) return
  let offset = 0
  for await (const bytes of createReadStream(path, { highWaterMark: pieceSize, end: size - 1, signal })) {
    yield { offset, bytes }
    offset += bytes.length
  }
}
