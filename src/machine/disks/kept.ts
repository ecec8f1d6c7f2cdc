import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, namesIn } from '../../lib/files/folders.ts'
import type { Machine } from '../../manifest/index.ts'
import { type MachinePaths, type MachineState, readKeptDisks, writeKeptDisks } from '../../project/index.ts'
import { layersUnder } from '../layers/chain.ts'

/**
 * Which disks stay when a machine is destroyed, recorded before anything of it is taken away. Of those in the manifest it
 * decides, of others what was recorded.
 */
export async function keepDisks(
  paths: MachinePaths,
  config: Machine | null,
  state: MachineState | null,
): Promise<string[]> {
  const inManifest = new Set((config?.disks ?? []).map(({ name }) => name))
  const recorded = [...(state?.keptDisks ?? []), ...(await readKeptDisks(paths))]
  const wanted = new Set([...(config?.keptDisks ?? []), ...recorded.filter((name) => !inManifest.has(name))])
  const there: string[] = []
  for (const name of wanted) if (await exists(paths.disk(name))) there.push(name)
  if (there.length > 0) await writeKeptDisks(paths, there)
  else await rm(paths.keptDisks, { force: true })
  return there
}

/** The files of disks, with the layers of snapshots that they lie on, and the record of them. */
export async function keptFiles(paths: MachinePaths, names: readonly string[]): Promise<string[]> {
  const files = names.map(async (name) => {
    const ids = await layersUnder(paths, name, paths.disk(name))
    return [paths.disk(name), ...ids.map((id) => paths.snapshot(id).disk(name))]
  })
  return names.length === 0 ? [] : [paths.keptDisks, ...(await Promise.all(files)).flat()]
}

/** Removes what is at these paths, but for some files. */
export async function removeBut(all: readonly string[], spared: readonly string[]): Promise<void> {
  for (const path of all) {
    if (spared.includes(path)) continue
    if (spared.some((one) => one.startsWith(`${path}/`)))
      await removeBut(
        (await namesIn(path)).map((name) => join(path, name)),
        spared,
      )
    else await rm(path, { recursive: true, force: true })
  }
}
