import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { flushFolder } from '../../lib/files/write-file.ts'
import type { Machine } from '../../manifest/index.ts'
import { type MachinePaths, type MachineState, writeState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { inStep } from '../in-step.ts'
import { makeDisksOver } from '../layers/disks-over.ts'
import { shareFile } from '../layers/share-file.ts'
import { tellTime } from '../memory/tell-time.ts'
import { goOn, loadMemory } from '../memory/wake.ts'
import type { Project } from '../project.ts'
import { type FoundImage, removeImage } from './find-image.ts'
import { warmState } from './warm-state.ts'

/** Milliseconds for the guest to take the time, which it does at once unless the host is very busy. */
const clockPatience = 60_000

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
  const step = { machine: config.name, step: 'start', message: `starting warm with ${provider.name}` }
  try {
    return await inStep(project.emit, step, async () => {
      await takeFiles(image.disks, from, { paths, id })
      const token = randomBytes(4).toString('hex')
      const state = warmState({ planned, image, id, token, consoleFrom, at: new Date().toISOString() })
      await writeState(paths, state)
      const made = await makeDisksOver(project, paths, state)
      const loaded = await loadMemory(project, { ...machine, state: made, isChecked: true })
      const awake = await goOn(project, { config, provider, state: loaded })
      await confirmClock(project, { provider, state: awake })
      // Whoever has mapped it has it still.
      await rm(paths.snapshot(id).memory, { force: true })
      return awake
    })
  } catch (error) {
    const why = uselessBecause(error)
    if (why === null || project.signal.aborted) throw error
    await removeImage(from)
    const message = `it does not start warm: ${why}; it boots`
    project.emit({ type: 'notice', level: 'warn', machine: config.name, message })
    return null
  }
}

/** To its guest no time has passed since the image was made. Its own key does not let in yet, so there is no other way. */
async function confirmClock(
  { signal }: Pick<Project, 'signal'>,
  { provider, state: { spec } }: { provider: Provider; state: MachineState },
): Promise<void> {
  const socket = provider.channel(spec, 'ready')
  if (socket !== null && (await tellTime(socket, signal, clockPatience))) return
  await provider.stop(spec, { graceful: false, timeout: 0 })
  throw new PosadaError('E_IDENTITY', 'its guest did not take the time', { machine: spec.name })
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
