import type { Machine, MountedFolder, SyncedFolder } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { SyncReport } from '../../sync/index.ts'
import { settleSync } from '../../sync-process/index.ts'
import type { UpMachine } from '../guest/keep-companion.ts'
import { inStep } from '../in-step.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { areKept } from './kept-folders.ts'

/** What became of a folder. Sizes are bytes. */
export interface Brought {
  folder: SyncedFolder | MountedFolder
  toGuest: SyncReport['toGuest']
  toHost: SyncReport['toHost']
  conflicts: number
  skipped: number
}

/** Has the process that keeps mirrored folders of a running machine equal do so now; returns those that it could not. */
export async function settleFolders(
  project: Places & Reporting,
  running: UpMachine,
  { folders, onDone }: { folders: readonly Brought['folder'][]; onDone: (brought: Brought) => void },
): Promise<Brought['folder'][]> {
  const { config } = running
  if (!(await areKept(project, running))) return [...folders]
  const { syncLock } = project.paths.machine(config.name)
  const left: Brought['folder'][] = []
  for (const folder of folders) {
    const settle = () => settleSync(syncLock, folder.to, project.signal)
    const report =
      folder.type === 'mirror' ? await inStep(project.emit, syncStep(config, folder), settle) : null
    if (report === null) left.push(folder)
    else {
      await recordBrought(project, config, { folder, ...report })
      onDone({ folder, ...report })
    }
  }
  return left
}

/** The step of progress that a folder is. */
export function syncStep({ name }: Machine, { to, type }: Brought['folder']) {
  return { machine: name, step: 'sync', message: `${type === 'mount' ? 'mounting' : 'syncing'} ${to}` }
}

/** Tells what is to be told of a folder that is done, and records it. */
export function recordBrought(
  project: Places & Reporting,
  { name }: Machine,
  brought: Brought,
): Promise<MachineState> {
  const { from, to, type } = brought.folder
  tellLeftOut(project, name, brought)
  const entry = { from, at: new Date().toISOString() }
  return record(project.paths.machine(name), (now) =>
    // Of a mirrored one its own status has the time.
    type === 'mirror' && now.folders?.[to]?.from === from
      ? now
      : { ...now, folders: { ...now.folders, [to]: entry } },
  )
}

function tellLeftOut({ emit }: Reporting, machine: string, { folder, conflicts, skipped }: Brought): void {
  if (conflicts > 0) {
    const message = `${folder.to}: ${conflicts} changed on both sides; both versions are kept`
    emit({ type: 'notice', level: 'warn', machine, message, hint: 'posada sync conflicts lists them' })
  }
  if (skipped > 0) {
    const message = `${folder.to}: ${skipped} left out: pipes, sockets, devices or names that clash`
    emit({ type: 'notice', level: 'info', machine, message })
  }
}
