import { createReadStream } from 'node:fs'
import { open, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../../lib/files/errno.ts'
import type { Piece } from '../archive/member-body.ts'
import { writeMember } from '../archive/write-member.ts'
import { inspectDisk } from '../formats/inspect-disk.ts'
import type { BoxFileInput, BoxImporter, ImportOptions } from '../import/importer.ts'
import { nameFacts } from '../import/name-facts.ts'
import type { BoxDisk, BoxManifest } from '../model.ts'
import { sha256OfFile } from '../store/verify.ts'
import { boxJsonName } from '../store-paths.ts'

/**
 * A disk image with cloud-init in it, as distributions publish them: no one can log in until a seed
 * brings it a key, and boots through firmware. The user is made by cloud-init, so that any name will do.
 */
export const cloudImage: BoxImporter = {
  what: 'a cloud image (qcow2; raw with --image raw)',
  recognises: async (input, { facts }) => facts.image !== undefined || (await isQcow2(input.path)),
  fill,
}

/** The user of images of which nothing else is known. */
const standardUser = 'posada'
/** Less than any distribution with cloud-init boots with. */
const leastMemory = 256 * 2 ** 20

async function fill(input: BoxFileInput, target: string, options: ImportOptions): Promise<BoxManifest> {
  const { facts } = options
  const disk = await takeImage(input, target, facts.image ?? 'qcow2', options.signal)
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
  { path, shown, ours, sha256 }: BoxFileInput,
  target: string,
  format: BoxDisk['format'],
  signal: AbortSignal,
): Promise<BoxDisk> {
  const file = `root.${format}`
  const own = join(target, file)
  // What is not a disk at all is refused before it is copied.
  await inspectDisk(path, { format, shown })
  const moved = ours && (await move(path, own))
  const hash = moved ? (sha256 ?? (await sha256OfFile(own))) : await copy(path, own, signal)
  const { virtualSize } = await inspectDisk(own, { format, shown })
  return { file, size: (await stat(own)).size, sha256: hash, format, virtualSize }
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

async function isQcow2(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return bytesRead === 4 && buffer.toString('latin1') === 'QFI\xfb'
  } finally {
    await file.close()
  }
}
