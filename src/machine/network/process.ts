import { rm, rmdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { endHolder, lastHolder } from '../../background/index.ts'
import { isPosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { deadlineIn } from '../../lib/async/time-limit.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { exists } from '../../lib/files/folders.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { hasEnded } from '../../lib/process/process-identity.ts'
import { launchNetworkProcess, type ProcessConfig } from '../../network/index.ts'
import {
  ensureRuntimeDir,
  findRuntimeDir,
  networkSockets,
  runtimeDir,
  withLock,
} from '../../project/index.ts'
import type { Declared, Locking, Places, Providing, Reporting } from '../project.ts'
import { askRunning, runningProcess } from './ask.ts'
import { hasNetworks, networkConfig } from './config.ts'

/** Milliseconds for a process to end, for another command that starts it. */
const farewell = 5000
const lockWait = 60_000

/**
 * Makes sure that the project's network process runs and works by what the manifest and the machines'
 * records now say. `starting` are machines that are about to start; the process waits for them.
 */
export async function joinNetworks(
  project: Declared & Places & Providing & Locking,
  projectId: string,
  starting: readonly string[],
): Promise<void> {
  if (!hasNetworks(project.manifest) && !(await exists(project.paths.networks.config))) return
  await withNetworksLock(project, async () => {
    const text = `${JSON.stringify(await networkConfig(project, projectId), null, 2)}\n`
    const { config } = project.paths.networks
    if ((await readTextIfThere(config)) !== text) await writeFileAtomic(config, text, { mode: 0o600 })
    await ensureProcess(project, projectId, starting)
  })
}

/** Tells the process, where one runs, that its configuration has changed. False: none runs. */
export async function reloadNetworks(
  project: Declared & Places & Providing & Locking,
  projectId: string,
): Promise<boolean> {
  return withNetworksLock(project, async () => {
    const text = `${JSON.stringify(await networkConfig(project, projectId), null, 2)}\n`
    await writeFileAtomic(project.paths.networks.config, text, { mode: 0o600 })
    return reload(project, [])
  })
}

/** Machines have stopped: with the last the process ends, and has ended when this resolves. */
export async function releaseNetworks(project: Places & Locking, machines: readonly string[]): Promise<void> {
  if (!(await exists(project.paths.networks.config))) return
  const release = async () => {
    const holder = await runningProcess(project)
    if (holder === null) return
    const answer = await askRunning(holder, 'release', { machines })
    // Out of reach it may yet carry other machines' frames; it ends by itself when none is linked.
    if (answer === 'gone' || (answer !== 'hung' && answer.ends !== true)) return
    if (answer === 'hung' || !(await hasEnded(holder.identity, farewell))) await end(project)
  }
  await withNetworksLock(project, release, null)
}

/** Ends the process and takes away all that was made for it: the project no longer has machines. */
export async function removeNetworks(project: Places & Locking): Promise<void> {
  const { dir, processLock } = project.paths.networks
  if (!(await exists(dir))) return
  await withNetworksLock(project, async () => {
    await end(project)
    const last = await lastHolder(processLock)
    // By its id alone: what the file says of paths is not gone by.
    const id = last === null ? '' : basename(dirname(last.control))
    if (/^[0-9a-f]{8}$/.test(id)) await removeSockets(await findRuntimeDir(project.user, id))
    await rm(dir, { recursive: true, force: true })
  })
}

/** `signal`: null for what has to be done after an interrupt, too. */
function withNetworksLock<T>(
  { command, paths, signal: interrupt }: Places & Locking,
  work: () => Promise<T>,
  signal: AbortSignal | null = interrupt,
): Promise<T> {
  const options = { command, wait: lockWait, ...(signal === null ? {} : { signal }) }
  return withLock(paths.networks.lock, options, work)
}

async function ensureProcess(
  project: Places & Reporting,
  projectId: string,
  starting: readonly string[],
): Promise<void> {
  if (await reload(project, starting)) return
  const deadline = deadlineIn(farewell)
  for (;;) {
    await end(project)
    await ensureRuntimeDir(project.user.runtime, projectId)
    try {
      await launchNetworkProcess(
        processConfig(project, projectId),
        project.paths.networks.log,
        project.signal,
      )
      break
    } catch (error) {
      // Begun by a command that was killed: it has the lock and has not said so yet.
      if (!isPosadaError(error, 'E_LOCKED') || deadline.isOver()) throw error
      await sleep(50, project.signal)
    }
  }
  await reload(project, starting)
}

/** False where no process runs, or the one that does is of no use: it is just ending, or hangs. */
async function reload(project: Places, machines: readonly string[]): Promise<boolean> {
  const holder = await runningProcess(project)
  if (holder === null) return false
  const answer = await askRunning(holder, 'reload', { machines })
  return typeof answer === 'object' && answer.ending !== true
}

function end({ paths }: Places): Promise<void> {
  return endHolder(paths.networks.processLock)
}

function processConfig(project: Places, id: string): ProcessConfig {
  const { config, processLock } = project.paths.networks
  return { id, config, lock: processLock, ...networkSockets(runtimeDir(project.user.runtime, id)) }
}

/** Of a process that was killed. The folder has nothing else in it. */
async function removeSockets(folder: string): Promise<void> {
  for (const path of Object.values(networkSockets(folder))) await rm(path, { force: true })
  try {
    await rmdir(folder)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTEMPTY')) throw error
  }
}
