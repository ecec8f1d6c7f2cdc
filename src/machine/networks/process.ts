import { rm } from 'node:fs/promises'
import { sendCommand } from '../../background/client.ts'
import { asObject } from '../../background/codec.ts'
import { isPosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/folders.ts'
import { sleep } from '../../lib/sleep.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/write-file.ts'
import { launchNetworkProcess, type ProcessConfig } from '../../network/launch.ts'
import { readIdentity } from '../../project/identity.ts'
import { withLock } from '../../project/lock.ts'
import { networkSockets } from '../../project/paths.ts'
import { ensureRuntimeDir, runtimeDir } from '../../project/runtime-dir.ts'
import type { Project } from '../project.ts'
import { hasNetworks, networkConfig } from './config.ts'

/** Milliseconds for an answer, for a process to end, for another command that starts it. */
const patience = 10_000
const farewell = 5000
const lockWait = 60_000

/**
 * Makes sure that the project's network process runs and works by what the manifest and the machines'
 * records now say. `starting` are machines that are about to start; the process waits for them.
 */
export async function joinNetworks(
  project: Project,
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
export async function reloadNetworks(project: Project, projectId: string): Promise<boolean> {
  return withNetworksLock(project, async () => {
    const text = `${JSON.stringify(await networkConfig(project, projectId), null, 2)}\n`
    await writeFileAtomic(project.paths.networks.config, text, { mode: 0o600 })
    return tell(processConfig(project, projectId).control, 'reload', { machines: [] })
  })
}

/** Machines have stopped: with the last the process ends. */
export async function releaseNetworks(project: Project, machines: readonly string[]): Promise<void> {
  if (!(await exists(project.paths.networks.config))) return
  const identity = await readIdentity(project.paths)
  if (identity === null) return
  await withNetworksLock(project, async () => {
    await tell(processConfig(project, identity.id).control, 'release', { machines })
  })
}

/** Ends the process and takes away all that was made for it: the project has no machines any more. */
export async function removeNetworks(project: Project): Promise<void> {
  const { dir } = project.paths.networks
  if (!(await exists(dir))) return
  const identity = await readIdentity(project.paths)
  if (identity === null) return
  await withNetworksLock(project, async () => {
    const { control } = processConfig(project, identity.id)
    const deadline = Date.now() + farewell
    while ((await tell(control, 'quit', {})) && Date.now() < deadline) await sleep(20)
    await rm(runtimeDir(project.user.runtime, identity.id), { recursive: true, force: true })
    await rm(dir, { recursive: true, force: true })
  })
}

/** What the process says of its networks; null where none runs. */
export async function networkStatus(project: Project): Promise<Record<string, unknown> | null> {
  const identity = await readIdentity(project.paths)
  if (identity === null) return null
  const answer = await sendCommand(processConfig(project, identity.id).control, {
    name: 'status',
    timeout: patience,
  })
  return answer === null ? null : asObject(answer)
}

/** Where a capture is asked for. */
export function captureSocket(project: Project, projectId: string): string {
  return processConfig(project, projectId).capture
}

function withNetworksLock<T>(project: Project, work: () => Promise<T>): Promise<T> {
  const options = { command: project.command, wait: lockWait, signal: project.signal }
  return withLock(project.paths.networks.lock, options, work)
}

async function ensureProcess(
  project: Project,
  projectId: string,
  starting: readonly string[],
): Promise<void> {
  const process = processConfig(project, projectId)
  if (await tell(process.control, 'reload', { machines: starting })) return
  await ensureRuntimeDir(project.user.runtime, projectId)
  const deadline = Date.now() + farewell
  for (;;) {
    try {
      await launchNetworkProcess(process, project.paths.networks.log, project.signal)
      break
    } catch (error) {
      // The one before it is about to end.
      if (!isPosadaError(error, 'E_LOCKED') || Date.now() >= deadline) throw error
      await sleep(50, project.signal)
    }
  }
  await tell(process.control, 'reload', { machines: starting })
}

/** False where nobody listens, or whoever did is just ending. */
async function tell(control: string, name: string, given: Record<string, unknown>): Promise<boolean> {
  return (await sendCommand(control, { name, arguments: given, timeout: patience })) !== null
}

function processConfig(project: Project, id: string): ProcessConfig {
  const { config, processLock } = project.paths.networks
  const folder = runtimeDir(project.user.runtime, id)
  return {
    id,
    config,
    lock: processLock,
    ...networkSockets(folder),
  }
}
