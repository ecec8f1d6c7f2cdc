import { isDeepStrictEqual } from 'node:util'
import { endHolder } from '../../background/index.ts'
import type { Machine } from '../../manifest/index.ts'
import { syncSocket } from '../../project/index.ts'
import { askSync, launchSync } from '../../sync-process/index.ts'
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
  const mirrored = config.sync.filter(({ type }) => type === 'mirror')
  if (mirrored.length === 0) return endHolder(lock)
  await keepCompanion(project, running, {
    config: async (common) => {
      const pairs = []
      for (const folder of mirrored) pairs.push(await pairOf(project, state, folder))
      return { ...common, pairs }
    },
    control: syncSocket(state.spec.files.runtimeDir),
    lock,
    log,
    ask: askSync,
    fits: (found, { hypervisor, pairs }) =>
      isDeepStrictEqual([found.hypervisor, found.pairs], [hypervisor, pairs]),
    launch: launchSync,
    failure: 'folders are not kept equal',
    codes: ['E_SYNC_PROCESS', 'E_SYNC_SOURCE'],
  })
}

/** Whether a process keeps the folders of a machine equal that the manifest says are; also where there are none. */
export async function isKept({ paths }: Places, { name, sync }: Machine): Promise<boolean> {
  const mirrored = sync.filter(({ type }) => type === 'mirror').map(({ to }) => to)
  if (mirrored.length === 0) return true
  const pairs = (await askSync(paths.machine(name).syncLock))?.pairs ?? []
  return mirrored.every((to) => pairs.some((pair) => pair.to === to))
}
