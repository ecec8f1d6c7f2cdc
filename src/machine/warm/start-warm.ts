import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { flushFolder } from '../../lib/files/write-file.ts'
import type { Machine } from '../../manifest/index.ts'
import { type MachinePaths, type MachineState, writeState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { inStep } from '../in-step.ts'
import { makeDisksOver } from '../layers/disks-over.ts'
import { shareFile } from '../layers/share-file.ts'
import { goOn, loadMemory } from '../memory/wake.ts'
import type { Project } from '../project.ts'
import { type FoundImage, removeImage } from './find-image.ts'
import { warmState } from './warm-state.ts'

export interface WarmStart extends FoundImage {
  projectId: string
  config: Machine
  provider: Provider
  /** What is recorded of the machine, which has no files yet. */
  planned: MachineState
  /** See MachineState. */
  consoleFrom: number
}

/**
 * Starts a new machine with the memory and the disks of a warm image. It is reached by no one before its guest has
 * confirmed that it is a machine of its own. Null: it did not, or the image was of no use; that is told, nothing of it runs,
 * and it has to be made again, and boot.
 */
export async function startWarm(
  project: Project,
  { image, paths: from, planned, consoleFrom, ...machine }: WarmStart,
): Promise<MachineState | null> {
  const { config, provider } = machine
  const paths = project.paths.machine(config.name)
  const id = randomBytes(4).toString('hex')
  const inMachine = <T>(step: string, message: string, work: () => Promise<T>) =>
    inStep(project.emit, { machine: config.name, step, message }, work)
  try {
    const loaded = await inMachine('start', `starting warm with ${provider.name}`, async () => {
      await takeFiles(image.disks, from, { paths, id })
      const token = randomBytes(4).toString('hex')
      const state = warmState({ planned, image, id, token, consoleFrom, at: new Date().toISOString() })
      await writeState(paths, state)
      const made = await makeDisksOver(project, paths, state)
      return loadMemory(project, { ...machine, state: made, isChecked: true })
    })
    const awake = await inMachine('identity', 'becoming a machine of its own', () =>
      goOn(project, { config, provider, state: loaded }),
    )
    // Whoever has mapped it has it still.
    await rm(paths.snapshot(id).memory, { force: true })
    return awake
  } catch (error) {
    const why = uselessBecause(error)
    if (why === null || project.signal.aborted) throw error
    await removeImage(from)
    const message = `it does not start warm: ${why}; it boots`
    project.emit({ type: 'notice', level: 'warn', machine: config.name, message })
    return null
  }
}

/** Null: that is not the image's fault. */
function uselessBecause(error: unknown): string | null {
  if (isPosadaError(error, 'E_MEMORY_UNUSABLE', 'E_IDENTITY')) return error.message
  return isErrno(error, 'ENOENT') ? 'its image was removed just now' : null
}

/** Second names, so that the image may go; copies where the cache is on another file system. */
async function takeFiles(
  disks: FoundImage['image']['disks'],
  from: FoundImage['paths'],
  { paths, id }: { paths: MachinePaths; id: string },
): Promise<void> {
  const to = paths.snapshot(id)
  await mkdir(paths.data, { recursive: true, mode: 0o700 })
  await mkdir(to.dir, { recursive: true, mode: 0o700 })
  for (const name of Object.keys(disks)) await shareFile(from.disk(name), to.disk(name))
  await shareFile(from.memory, to.memory)
  await copyFile(from.key, paths.imageKey)
  await flushFolder(to.dir)
}
