import { basename, dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isPosadaError, type PosadaError } from '../../errors/index.ts'
import { processIdentity } from '../../lib/process/process-identity.ts'
import type { Machine } from '../../manifest/index.ts'
import { ensureRuntimeDir, type MachineState, syncSocket } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { askSync, endSync, launchSync, type SyncConfig } from '../../sync-process/index.ts'
import { sshTarget } from '../guest/target.ts'
import type { Places, Reporting } from '../project.ts'
import { pairOf } from './pairs.ts'

/** A machine that is up. */
interface UpMachine {
  config: Machine
  provider: Provider
  state: MachineState
  /** Of the hypervisor. */
  pid: number
}

/**
 * Sees to it that the folders of a running machine, whose lock is held, are kept equal with the host's where the manifest
 * says so, and by no process where it does not. A process that cannot be started is a warning: the machine is up.
 */
export async function keepFolders(project: Places & Reporting, running: UpMachine): Promise<void> {
  const { config, state } = running
  const { runtimeDir } = state.spec.files
  const { syncLock, syncLog } = project.paths.machine(config.name)
  if (!config.sync.some(({ type }) => type === 'mirror')) return endSync(syncLock)
  try {
    const settings = await syncConfig(project, running)
    if (settings === null) return
    const found = await askSync(syncLock)
    const { hypervisor, pairs } = settings
    if (found !== null && isDeepStrictEqual([found.hypervisor, found.pairs], [hypervisor, pairs])) return
    await endSync(syncLock)
    // It is gone where the user logged out while the machine ran.
    await ensureRuntimeDir(dirname(runtimeDir), basename(runtimeDir))
    await launchSync(settings, { log: syncLog, signal: project.signal })
  } catch (error) {
    if (!isPosadaError(error) || !mayFail.has(error.code)) throw error
    const message = `folders are not kept equal: ${error.message}`
    const hint = `posada up ${config.name} tries again`
    project.emit({ type: 'notice', level: 'warn', machine: config.name, message, hint })
  }
}

/** Whether a process keeps the folders of a machine equal that the manifest says are; also where there are none. */
export async function isKept({ paths }: Places, { name, sync }: Machine): Promise<boolean> {
  const mirrored = sync.filter(({ type }) => type === 'mirror').map(({ to }) => to)
  if (mirrored.length === 0) return true
  const pairs = (await askSync(paths.machine(name).syncLock))?.pairs ?? []
  return mirrored.every((to) => pairs.some((pair) => pair.to === to))
}

const mayFail: ReadonlySet<PosadaError['code']> = new Set([
  'E_SYNC_PROCESS',
  'E_SYNC_SOURCE',
  'E_CONTROL',
  'E_RUNTIME_DIR',
] as const)

/** Null for a machine that has just ended. */
async function syncConfig(
  project: Places,
  { config, provider, state, pid }: UpMachine,
): Promise<SyncConfig | null> {
  const hypervisor = await processIdentity(pid)
  if (hypervisor === null) return null
  const paths = project.paths.machine(config.name)
  const mirrored = config.sync.filter(({ type }) => type === 'mirror')
  const pairs = []
  for (const folder of mirrored) pairs.push(await pairOf(project, state, folder))
  return {
    machine: config.name,
    target: sshTarget(provider, state, paths),
    hypervisor,
    control: syncSocket(state.spec.files.runtimeDir),
    lock: paths.syncLock,
    pairs,
  }
}
