import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { abortAfter } from '../../lib/async/time-limit.ts'
import type { Machine, SyncedFolder } from '../../manifest/index.ts'
import { type MachineState, readState } from '../../project/index.ts'
import { isUp } from '../../provider/index.ts'
import { listConflicts, resolveConflicts, type SyncPair } from '../../sync/index.ts'
import type { Declared, Places, Providing, Reporting } from '../project.ts'
import { syncNow } from './now.ts'
import { pairOf } from './pairs.ts'

/** Milliseconds: a machine whose guest hangs is destroyed all the same. */
const patience = 60_000

/**
 * Brings what changed in a machine's mirrored folders to the host before the machine is destroyed, whose lock is held; where
 * both sides changed a file the guest's version goes to the trash. What
 * cannot be brought is told, and keeps no machine from being destroyed.
 */
export async function lastSync(
  project: Declared & Places & Providing & Reporting,
  config: Machine,
): Promise<void> {
  const tell = (message: string) =>
    project.emit({ type: 'notice', level: 'warn', machine: config.name, message })
  try {
    const state = await readState(project.paths.machine(config.name))
    const folders = config.sync.filter(({ to, type }) => type === 'mirror' && state?.folders?.[to])
    if (state === null || folders.length === 0) return
    const runs = await syncIfUp(project, config, { state, folders })
    const pairs = await Promise.all(folders.map((folder) => pairOf(project, state, folder)))
    const open = await inConflict(pairs)
    if (open.length > 0 && runs) {
      // What loses goes to the trash, which stays.
      for (const { stateDir } of open) await resolveConflicts(stateDir, 'mine', ['*'])
      await syncIfUp(project, config, { state, folders })
    }
    const lost = await inConflict(pairs)
    for (const { to, stateDir, conflicts } of open)
      tell(
        `${to}: ${conflicts} changed on both sides; ${lost.some((one) => one.stateDir === stateDir) ? gone : kept}`,
      )
  } catch (error) {
    if (project.signal.aborted || !isPosadaError(error)) throw error
    tell(`what changed in synced folders of the guest since the last sync is lost: ${error.message}`)
  }
}

const gone = "the guest's versions are lost with the machine"
const kept = "the host's versions stay, the guest's are in the trash (posada sync restore)"

async function inConflict(pairs: readonly SyncPair[]) {
  const all = pairs.map(async ({ to, stateDir }) => {
    return { to, stateDir, conflicts: (await listConflicts(stateDir)).length }
  })
  return (await Promise.all(all)).filter(({ conflicts }) => conflicts > 0)
}

/** False: the machine does not run. */
async function syncIfUp(
  project: Declared & Places & Providing & Reporting,
  config: Machine,
  { state, folders }: { state: MachineState; folders: readonly SyncedFolder[] },
): Promise<boolean> {
  const provider = await project.providers.get(state.provider)
  if (!isUp(await provider.status(state.spec))) return false
  const late = () => new PosadaError('E_SYNC_GUEST', `the guest did not answer within ${patience / 1000} s`)
  const sync = (signal: AbortSignal) => syncNow({ ...project, signal }, config, folders)
  await abortAfter({ limit: patience, late, signal: project.signal }, sync)
  return true
}
