import { endHolder } from '../../background/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { lockFile } from '../../lib/process/lock-file.ts'
import type { Machine, MountedFolder, SyncedFolder } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { isUp, ownProcess, type Provider } from '../../provider/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import { syncOnce } from '../../sync/index.ts'
import { guestShell } from '../../sync-process/index.ts'
import { inStep } from '../in-step.ts'
import type { Places, Reporting } from '../project.ts'
import { keepFolders } from './kept-folders.ts'
import { mountFolder } from './mount-folder.ts'
import { hasShare, shareTag } from './mounts.ts'
import { pairOf } from './pairs.ts'
import { rsync, rsyncIsHere } from './rsync.ts'
import { sendWorkspace } from './send-workspace.ts'
import { type Brought, recordBrought, syncStep } from './settle.ts'
import { sourceOf } from './sources.ts'
import { prepareTarget } from './target.ts'
import { workspacePaths } from './workspace.ts'

interface Inputs {
  /** Those with these paths in the guest. */
  folders: readonly string[]
  session: SshSession
  /** Told of each when it is done. */
  onDone?: (brought: Brought) => void
}

/** Milliseconds: whoever only looks lets go at once. */
const patience = 1000

/**
 * Brings folders of the host into a running machine, whose lock is held: copies those of `type: once`, makes those of
 * `type: mirror` equal on both sides, and mounts those of `type: mount`. Each is recorded when it is
 * done. Then mirrored ones are kept equal, also where one of them failed. E_SYNC_SOURCE, E_SYNC_TARGET, E_COPY, and what
 * `syncOnce` throws.
 */
export async function bringFolders(
  project: Places & Reporting,
  { config, provider, state }: { config: Machine; provider: Provider; state: MachineState },
  inputs: Inputs,
): Promise<MachineState> {
  const paths = project.paths.machine(config.name)
  const due = [...config.sync, ...config.mounts].filter(({ to }) => inputs.folders.includes(to))
  const lock = await lockFile(paths.foldersLock, { limit: patience, signal: project.signal })
  try {
    // Only one process at a time works on a pair.
    if (due.some(({ type }) => type === 'mirror')) await endHolder(paths.syncLock)
    return await bringEach(project, { config, state, due }, inputs)
  } finally {
    const status = await provider.status(state.spec)
    if (isUp(status)) await keepFolders(project, { config, provider, state, pid: ownProcess(status) })
    if (typeof lock !== 'string') await lock.close()
  }
}

async function bringEach(
  project: Places & Reporting,
  { config, state, due }: { config: Machine; state: MachineState; due: readonly Brought['folder'][] },
  { session, onDone }: Inputs,
): Promise<MachineState> {
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
