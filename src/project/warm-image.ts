import { basename, join } from 'node:path'
import { namesIn } from '../lib/files/folders.ts'
import { digestPattern } from '../lib/values/box-names.ts'
import { count, mapOf, oneOf, partOf, readShape, text } from '../lib/values/shape.ts'
import { corrupt } from './json-file.ts'
import type { MachineState, SavedMemory } from './machine-state.ts'
import { readSealed, type SealedFile, writeSealed } from './seal.ts'
import { essentials, savedMemory } from './state-form.ts'
import type { UserPaths } from './user-paths.ts'

/** A machine as it was once it could be logged in to, which new machines with the same hardware begin with. */
export interface WarmImage {
  version: 1
  /** Of what it was made; see src/machine/warm/key.ts. */
  key: string
  /** ISO 8601. */
  at: string
  /** The host's kernel then: `6.1.0-31-amd64`. */
  kernel: string
  /** What was recorded of the machine that it was made of. */
  state: MachineState
  memory: SavedMemory
  /** What its disks had come to, by name. */
  disks: Record<string, ImageDisk>
}

interface ImageDisk {
  /** Bytes of the file. */
  size: number
  sha256: string
  /** See SavedMemory. */
  mark: string
}

/** The names in the folder of an image. */
export interface WarmPaths {
  dir: string
  /** What it is, written last. */
  description: string
  /** The private key that its guest lets in; mode 0600. */
  key: string
  memory: string
  disk(name: string): string
}

export function warmPaths(dir: string): WarmPaths {
  return {
    dir,
    description: join(dir, 'image.json'),
    key: join(dir, 'key'),
    memory: join(dir, 'memory'),
    disk: (name) => join(dir, `${name}.qcow2`),
  }
}

/** Folders of images, those of one key first to last by name; others in the folder are of work that goes on. */
export async function warmImages({ warm }: Pick<UserPaths, 'warm'>, key?: string): Promise<WarmPaths[]> {
  const names = (await namesIn(warm)).filter((name) => pattern.test(name)).sort()
  const wanted = names.filter((name) => key === undefined || name.startsWith(`${key}-`))
  return wanted.map((name) => warmPaths(join(warm, name)))
}

const pattern = /^[0-9a-f]{32}-[0-9a-f]{8}$/

/** Null where there is none. E_STATE_CORRUPT, E_STATE_VERSION; E_STATE_FOREIGN where this user did not make it on this host. */
export async function readWarmImage(paths: WarmPaths, user: UserPaths): Promise<WarmImage | null> {
  const value = await readSealed(fileOf(paths, user, keyOf(paths)), { version: 1, hint })
  if (value === null) return null
  const read = readShape(form, value)
  if ('flaws' in read)
    throw corrupt({ path: paths.description, hint }, read.flaws[0] ?? 'a part of it is missing')
  return value as unknown as WarmImage
}

export async function writeWarmImage(paths: WarmPaths, user: UserPaths, image: WarmImage): Promise<void> {
  await writeSealed(fileOf(paths, user, image.key), image)
}

function keyOf({ dir }: WarmPaths): string {
  return basename(dir).slice(0, 32)
}

function fileOf({ description: path }: WarmPaths, user: UserPaths, key: string): SealedFile {
  return { path, of: `warm image ${key}`, user }
}

const hint = 'posada cache prune removes it'

const form = partOf({
  version: oneOf([1]),
  key: text({ pattern: /^[0-9a-f]{32}$/, problem: 'not a key' }),
  at: text(),
  kernel: text(),
  state: essentials,
  memory: savedMemory,
  disks: mapOf(partOf({ size: count(), sha256: text({ pattern: digestPattern }), mark: text() })),
})
