import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fromSystemError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { flushFolder, writeFileAtomic } from '../../lib/files/write-file.ts'
import type { Machine } from '../../manifest/index.ts'
import { type MachinePaths, type MachineState, type Snapshot, writeState } from '../../project/index.ts'
import { ensureKeyPair } from '../../ssh/index.ts'
import { hostNameOf } from '../facts/host-name.ts'
import { madeFrom } from '../facts/made-from.ts'
import { layersUnder } from '../layers/chain.ts'
import { makeDisksOver } from '../layers/disks-over.ts'
import { shareFile } from '../layers/share-file.ts'
import { memoryFile } from '../memory/check.ts'
import type { BoxSupply, Declared, Places, Providing } from '../project.ts'
import { copiedState } from './copied-state.ts'

export interface CloneInputs {
  /** Where the other machine has its files. */
  from: MachinePaths
  snapshot: Snapshot
  /** The machine that it becomes, in the project that is given. */
  config: Machine
  projectId: string
  cold: boolean
}

/**
 * Makes a machine of a snapshot of another one, whose memory was checked. Layers of disks and the memory, which no one
 * writes to, get a second name; over them are empty disks. It is a machine once its state is written; the holder of the
 * lock of both calls it. Returns the state as written.
 */
export async function makeClone(
  project: Declared & Places & Providing & Pick<BoxSupply, 'boxes' | 'layers'>,
  { from, snapshot, config, projectId, cold }: CloneInputs,
): Promise<MachineState> {
  const paths = project.paths.machine(config.name)
  const box = await madeFrom(project, snapshot.state)
  try {
    for (const path of [paths.data, paths.snapshots, paths.knownHosts, paths.seed, paths.memory])
      await rm(path, { recursive: true, force: true })
    await mkdir(paths.data, { recursive: true, mode: 0o700 })
    await shareFiles(from, paths, snapshot)
    await copyKey(from, paths, config.name)
  } catch (error) {
    throw fromSystemError(error)
  }
  const state = copiedState({
    ...{ snapshot, config, projectId, box, cold },
    hostName: hostNameOf(config, project.manifest.name),
    token: randomBytes(4).toString('hex'),
    at: new Date().toISOString(),
  })
  await writeState(paths, state)
  return makeDisksOver(project, paths, state)
}

async function shareFiles(
  from: MachinePaths,
  to: MachinePaths,
  { id, state, memory }: Snapshot,
): Promise<void> {
  const folders = new Set<string>()
  const take = async (name: string, path: string) => {
    const folder = dirname(path)
    if (!folders.has(folder)) await mkdir(folder, { recursive: true, mode: 0o700 })
    folders.add(folder)
    await shareFile(name, path)
  }
  for (const { name } of state.spec.disks) {
    const under = await layersUnder(from, name, from.snapshot(id).disk(name))
    for (const each of [id, ...under])
      await take(from.snapshot(each).disk(name), to.snapshot(each).disk(name))
  }
  if (memory !== null) await take(memoryFile(from, { snapshot: id }), to.snapshot(id).memory)
  for (const folder of folders) await flushFolder(folder)
}

/** The guest lets in who has the other's key. */
async function copyKey(from: MachinePaths, to: MachinePaths, machine: string): Promise<void> {
  if (!(await exists(from.key))) return
  await writeFileAtomic(to.key, await readFile(from.key), { mode: 0o600 })
  await ensureKeyPair(to, `posada ${machine}`)
}
