import { endHolder } from '../../background/index.ts'
import { PosadaError } from '../../errors/index.ts'
import type { Machine, MountedFolder, SyncedFolder } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import { type SyncReport, syncOnce } from '../../sync/index.ts'
import { guestShell, settleSync } from '../../sync-process/index.ts'
import type { UpMachine } from '../guest/keep-companion.ts'
import { inStep } from '../in-step.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { areKept } from './kept-folders.ts'
import { mountFolder } from './mount-folder.ts'
import { hasShare, shareTag } from './mounts.ts'
import { pairOf } from './pairs.ts'
import { rsync, rsyncIsHere } from './rsync.ts'
import { sendWorkspace } from './send-workspace.ts'
import { sourceOf } from './sources.ts'
import { prepareTarget } from './target.ts'
import { workspacePaths } from './workspace.ts'

/** What became of a folder. Sizes are bytes. */
export interface Brought {
  folder: SyncedFolder | MountedFolder
  toGuest: SyncReport['toGuest']
  toHost: SyncReport['toHost']
  conflicts: number
  skipped: number
}

interface Inputs {
  /** Those with these paths in the guest. */
  folders: readonly string[]
  session: SshSession
  /** Told of each when it is done. */
  onDone?: (brought: Brought) => void
}

/**
 * Brings folders of the host into a running machine, whose lock is held: copies those of `type: once`, makes those of
 * `type: mirror` equal on both sides, and mounts those of `type: mount`. Each is recorded when it is
 * done. E_SYNC_SOURCE, E_SYNC_TARGET, E_COPY, and what `syncOnce` throws.
 */
export async function bringFolders(
  project: Places & Reporting,
  { config, state }: { config: Machine; state: MachineState },
  { folders, session, onDone }: Inputs,
): Promise<MachineState> {
  const paths = project.paths.machine(config.name)
  const due = [...config.sync, ...config.mounts].filter(({ to }) => folders.includes(to))
  // Only one process at a time works on a pair; whoever called starts it again.
  if (due.some(({ type }) => type === 'mirror')) await endHolder(paths.syncLock)
  let after = state
  for (const folder of due) {
    const brought = await inStep(project.emit, syncStep(config, folder), async () => {
      if (folder.type === 'mount') return mount(config, { state, folder }, session)
      const target = await prepareTarget(session, folder)
      return folder.type === 'once'
        ? copyOnce(project, folder, { session, ...target })
        : mirrorOnce(project, { state, folder }, session)
    })
    after = await recordBrought(project, config, brought)
    onDone?.(brought)
  }
  return after
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

function syncStep({ name }: Machine, { to, type }: Brought['folder']) {
  return { machine: name, step: 'sync', message: `${type === 'mount' ? 'mounting' : 'syncing'} ${to}` }
}

/** Tells what is to be told of a folder that is done, and records it. */
function recordBrought(
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

async function mount(
  { mounts }: Machine,
  { state, folder }: { state: MachineState; folder: MountedFolder },
  session: SshSession,
): Promise<Brought> {
  const { shares = [] } = state.spec
  const share = shares.find(({ tag }) => tag === shareTag(folder))
  if (share === undefined) {
    const { name } = state.spec
    throw new PosadaError('E_SYNC_TARGET', `machine ${name} was started without the folder ${folder.from}`, {
      ...{ machine: name, value: folder.to, place: folder.place, hint: `posada reload ${name}` },
    })
  }
  const all = mounts.filter((one) => hasShare(state.spec, one))
  await mountFolder(session, folder, { all, owner: share.owner })
  const none = { written: 0, removed: 0, bytes: 0 }
  return { folder, toGuest: none, toHost: none, conflicts: 0, skipped: 0 }
}

async function copyOnce(
  { emit, signal }: Reporting,
  folder: SyncedFolder,
  { session, hasRsync }: { session: SshSession; hasRsync: boolean },
): Promise<Brought> {
  const { to, exclude, gitignore, git } = folder
  const machine = session.target.hostAlias
  const onProgress = (done: number, total?: number) => {
    const rest = total === undefined ? {} : { total }
    emit({
      type: 'progress',
      step: 'sync',
      message: `copying to ${to}`,
      machine,
      done,
      unit: 'bytes',
      ...rest,
    })
  }
  const root = await sourceOf(folder)
  const options = { root, to, git, exclude, ignoreFiles: gitignore, signal, onProgress }
  const { files, bytes, skipped } =
    hasRsync && rsyncIsHere()
      ? {
          ...(await rsync(guestShell(session), { ...options, paths: await workspacePaths(root, options) })),
          skipped: [],
        }
      : await sendWorkspace(session, options)
  const toGuest = { written: files, removed: 0, bytes }
  const toHost = { written: 0, removed: 0, bytes: 0 }
  return { folder, toGuest, toHost, conflicts: 0, skipped: skipped.length }
}

async function mirrorOnce(
  project: Places & Reporting,
  { state, folder }: { state: MachineState; folder: SyncedFolder },
  session: SshSession,
): Promise<Brought> {
  const { emit, signal } = project
  const pair = await pairOf(project, state, folder)
  const machine = session.target.hostAlias
  const { skipped, ...report } = await syncOnce(pair, guestShell(session), { emit, signal, machine })
  return { folder, ...report, skipped: skipped.length }
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
