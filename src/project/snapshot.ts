import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { namesIn } from '../lib/files/folders.ts'
import { oneOf, orNull, partOf, readShape, text } from '../lib/values/shape.ts'
import { corrupt } from './json-file.ts'
import type { MachineState, SavedMemory } from './machine-state.ts'
import type { MachinePaths } from './paths.ts'
import { readSealed, type SealedFile, writeSealed } from './seal.ts'
import { essentials, savedMemory, snapshotId } from './state-form.ts'

/** A machine as it was. */
export interface Snapshot {
  version: 1
  /** 8 hexadecimal digits; names its folder. */
  id: string
  /** What the user calls it; unique in the machine. */
  name: string
  note: string | null
  /** ISO 8601. */
  at: string
  /** The id of the snapshot that it came after. */
  parent: string | null
  /** What was recorded of the machine. */
  state: MachineState
  /** Null: it did not run. */
  memory: SavedMemory | null
}

/** A machine's snapshots, the oldest first; `damaged` is told of each that makes no sense, which is passed over. */
export async function readSnapshots(
  paths: MachinePaths,
  damaged: (error: unknown) => void,
): Promise<Snapshot[]> {
  const found: Snapshot[] = []
  for (const id of (await namesIn(paths.snapshots)).sort()) {
    if (!/^[0-9a-f]{8}$/.test(id)) continue
    try {
      const snapshot = await readSnapshot(paths, id)
      if (snapshot !== null) found.push(snapshot)
    } catch (error) {
      damaged(error)
    }
  }
  return found.sort((a, b) => a.at.localeCompare(b.at))
}

/** Null where there is none with this id. E_STATE_CORRUPT, E_STATE_VERSION, E_STATE_FOREIGN. */
async function readSnapshot(paths: MachinePaths, id: string): Promise<Snapshot | null> {
  const value = await readSealed(fileOf(paths, id), { version: 1, hint })
  if (value === null) return null
  const read = readShape(form, value)
  const path = paths.snapshot(id).description
  if ('flaws' in read) throw corrupt({ path, hint }, read.flaws[0] ?? 'a part of it is missing')
  return value as unknown as Snapshot
}

/** Writes what a snapshot is, which makes it one. */
export async function writeSnapshot(paths: MachinePaths, snapshot: Snapshot): Promise<void> {
  await writeSealed(fileOf(paths, snapshot.id), snapshot)
}

/** Its layers stay where something lies on them. */
export async function forgetSnapshot(paths: MachinePaths, id: string): Promise<void> {
  await rm(paths.snapshot(id).description, { force: true })
}

function fileOf(paths: MachinePaths, id: string): SealedFile {
  const of = `snapshot ${id} of machine ${basename(paths.dir)}`
  return { path: paths.snapshot(id).description, of, user: paths.user }
}

const hint = 'remove the file: the snapshot is then gone, what lies on it stays'

const form = partOf({
  version: oneOf([1]),
  id: snapshotId,
  name: text({ max: 64 }),
  note: orNull(text()),
  at: text(),
  parent: orNull(snapshotId),
  state: essentials,
  memory: orNull(savedMemory),
})
