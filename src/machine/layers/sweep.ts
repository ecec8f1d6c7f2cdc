import { rm } from 'node:fs/promises'
import { exists, namesIn } from '../../lib/files/folders.ts'
import { type MachinePaths, readState } from '../../project/index.ts'
import { layersUnder } from './chain.ts'

/**
 * Takes away what no snapshot needs any more: what a save that was cut short left, and what was deleted, as far as no disk
 * lies on it. The holder of the machine's lock calls it.
 */
export async function sweepSnapshots(paths: MachinePaths): Promise<void> {
  const ids = (await namesIn(paths.snapshots)).filter((id) => /^[0-9a-f]{8}$/.test(id))
  if (ids.length === 0) return
  const state = await readState(paths)
  if (state === null || state.restoring !== undefined) return
  const names = await diskNames(paths, ids)
  const kept = new Set<string>()
  for (const id of ids) if (await exists(paths.snapshot(id).description)) kept.add(id)
  const under = new Set<string>()
  for (const name of names) {
    const tops = [paths.disk(name), ...[...kept].map((id) => paths.snapshot(id).disk(name))]
    for (const top of tops) for (const id of await layersUnder(paths, name, top)) under.add(id)
  }
  for (const id of ids) {
    if (kept.has(id)) continue
    const { dir, memory } = paths.snapshot(id)
    const isAsleepOn = state.suspended?.snapshot === id
    if (!under.has(id) && !isAsleepOn) await rm(dir, { recursive: true, force: true })
    else if (!isAsleepOn) for (const path of [memory, `${memory}.part`]) await rm(path, { force: true })
  }
}

/** Of all disks that the machine has or had: one that left the manifest lies on its layers all the same. */
async function diskNames({ data, snapshot }: MachinePaths, ids: readonly string[]): Promise<string[]> {
  const folders = [data, ...ids.map((id) => snapshot(id).dir)]
  const files = (await Promise.all(folders.map(namesIn))).flat()
  return [...new Set(files.flatMap((file) => /^([a-z][a-z0-9-]*)\.qcow2$/.exec(file)?.[1] ?? []))]
}
