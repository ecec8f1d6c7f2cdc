import { createHash } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { flushFolder } from '../../lib/files/write-file.ts'
import { hostBootId } from '../../lib/process/boot-id.ts'
import type { MachineState, SavedMemory } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { marksOf } from '../layers/next-disks.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { cannotSave, digestOf, fileMark, hasMounts, memoryFile } from './check.ts'
import { hardwareOf } from './hardware.ts'

export interface SaveInputs {
  provider: Provider
  state: MachineState
  /** The id of the snapshot that it is for, whose folder is there; left out: for the machine itself. */
  snapshot?: string
}

/**
 * Saves the memory of a machine that is up and records it: from then on the machine is suspended once its process has
 * ended, which is the caller's to bring about. Where this fails the machine goes on.
 */
export async function saveMemory(
  project: Places & Reporting,
  { provider, state, snapshot }: SaveInputs,
): Promise<MachineState> {
  const { spec } = state
  if (spec.shares !== undefined) throw hasMounts(spec)
  if (provider.save === undefined || provider.memoryFacts === undefined) throw cannotSave(provider, spec.name)
  const paths = project.paths.machine(spec.name)
  const path = memoryFile(paths, snapshot === undefined ? {} : { snapshot })
  const part = `${path}.part`
  try {
    const facts = await provider.memoryFacts(spec)
    await rm(part, { force: true })
    const written = { hash: createHash('sha256'), size: 0 }
    const onBytes = (bytes: Uint8Array) => {
      written.hash.update(bytes)
      written.size += bytes.length
    }
    const isLoadedOften = snapshot !== undefined
    const layout = await provider.save(spec, part, { signal: project.signal, onBytes, isLoadedOften })
    const layoutOf = layout === null ? {} : { layout }
    const { size, mark } = await fileMark(part)
    const sha256 = written.size === size ? written.hash.digest('hex') : await digestOf(part, layoutOf.layout)
    const disks = await marksOf(spec.disks, 'now')
    await rename(part, path)
    await flushFolder(dirname(path))
    const suspended: SavedMemory = {
      version: layout === null ? 1 : 2,
      at: new Date().toISOString(),
      ...(snapshot === undefined ? {} : { snapshot }),
      ...layoutOf,
      ...{ size, sha256, mark, bootId: await hostBootId() },
      ...{ facts, hardware: hardwareOf(spec) },
      disks: Object.fromEntries(Object.entries(disks).map(([name, mark]) => [name, [mark]])),
    }
    project.signal.throwIfAborted()
    return await record(paths, (now) => ({ ...now, suspended }))
  } catch (error) {
    await rm(part, { force: true })
    await provider.resume(spec)
    throw error
  }
}
