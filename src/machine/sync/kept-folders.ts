import { isDeepStrictEqual } from 'node:util'
import { endHolder } from '../../background/index.ts'
import { processIdentity } from '../../lib/process/process-identity.ts'
import type { Machine } from '../../manifest/index.ts'
import { syncSocket } from '../../project/index.ts'
import type { SyncPair } from '../../sync/index.ts'
import { askSync, launchSync, type Syncing } from '../../sync-process/index.ts'
import { keepCompanion, type UpMachine } from '../guest/keep-companion.ts'
import type { Places, Reporting } from '../project.ts'
import { pairOf } from './pairs.ts'

/**
 * Sees to it that the folders of a running machine, whose lock is held, are kept equal with the host's where the manifest
 * says so, and by no process where it does not. A process that cannot be started is a warning: the machine is up.
 */
export async function keepFolders(project: Places & Reporting, running: UpMachine): Promise<void> {
  const { config, state } = running
  const { syncLock: lock, syncLog: log } = project.paths.machine(config.name)
  if (!config.sync.some(({ type }) => type === 'mirror')) return endHolder(lock)
  await keepCompanion(project, running, {
    config: async (common) => ({ ...common, pairs: await pairsOf(project, running) }),
    control: syncSocket(state.spec.files.runtimeDir),
    lock,
    log,
    ask: askSync,
    fits,
    launch: launchSync,
    failure: 'folders are not being synced',
    codes: ['E_SYNC_PROCESS', 'E_SYNC_SOURCE'],
  })
}

function fits(found: Syncing, { hypervisor, pairs }: Pick<Syncing, 'hypervisor' | 'pairs'>): boolean {
  return isDeepStrictEqual([found.hypervisor, found.pairs], [hypervisor, pairs])
}

async function pairsOf(project: Places, { config, state }: UpMachine): Promise<SyncPair[]> {
  const pairs = []
  for (const folder of config.sync)
    if (folder.type === 'mirror') pairs.push(await pairOf(project, state, folder))
  return pairs
}

/** Whether a process keeps a running machine's folders equal, just as the manifest says. */
export async function areKept(project: Places, running: UpMachine): Promise<boolean> {
  const hypervisor = running.pid === null ? null : await processIdentity(running.pid)
  const found = await askSync(project.paths.machine(running.config.name).syncLock)
  if (hypervisor === null || found === null) return false
  return fits(found, { hypervisor, pairs: await pairsOf(project, running) })
}

/** Whether a process keeps the folders of a machine equal that the manifest says are; also where there are none. */
export async function isKept({ paths }: Places, { name, sync }: Machine): Promise<boolean> {
  const mirrored = sync.filter(({ type }) => type === 'mirror').map(({ to }) => to)
  if (mirrored.length === 0) return true
  const pairs = (await askSync(paths.machine(name).syncLock))?.pairs ?? []
  return mirrored.every((to) => pairs.some((pair) => pair.to === to))
}
