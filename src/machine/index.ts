export type { RemoteCommand } from '../ssh/index.ts'
export { lockName } from './box/lock-name.ts'
export { type OutdatedLock, outdatedLock } from './box/outdated.ts'
export { type PackageOptions, packageMachine } from './box/package.ts'
export { type UpdatedLock, updateLock } from './box/update.ts'
export { keptLayers } from './cache/kept-layers.ts'
export { cloneMachine } from './clone/clone-machine.ts'
export { asFork, findFork } from './clone/forks.ts'
export { knownCopies } from './clone/known-copies.ts'
export { console } from './console.ts'
export { copy } from './copy.ts'
export { destroy, destroyOrphans } from './destroy.ts'
export { exec } from './exec.ts'
export { execEach } from './exec-each.ts'
export { type ExportResult, exportProject } from './export.ts'
export { lacks, type Needs } from './facts/needs.ts'
export type { FolderResult, FolderStatus } from './folder-results.ts'
export { fork } from './fork.ts'
export { findDisplay } from './guest/find-display.ts'
export { GuestSessions } from './guest/sessions.ts'
export { halt } from './halt.ts'
export { machineInstaller } from './install/installer.ts'
export { eachProject, listProjects, type ProjectsOptions } from './list.ts'
export { logs } from './logs.ts'
export { imageWork, makeWarmImage } from './make-warm-image.ts'
export type { ExportHeader } from './moving/header.ts'
export { importMachines } from './moving/import-machines.ts'
export { ArchiveReader } from './moving/read-archive.ts'
export { type CaptureResult, captureNetworks } from './network/capture.ts'
export { networkConditions } from './network/conditions.ts'
export { listNetworks, type NetworkResult } from './network/list.ts'
export { cures } from './plan/changes.ts'
export { plan } from './plan.ts'
export { ports } from './ports.ts'
export type { BuildBox, FetchBox, Project, ProviderSource, ProvisionerSource, Secrets } from './project.ts'
export { provision } from './provision.ts'
export { proxy } from './proxy.ts'
export { reload } from './reload.ts'
export type {
  DestroyResult,
  HaltResult,
  MachinePlan,
  PlanResult,
  PortResult,
  PortsResult,
  ProjectOf,
  ProjectResult,
  ProvisionResult,
  ProxyResult,
  ScreenshotResult,
  StatsResult,
  StatusResult,
  StepStatus,
  SuspendResult,
  UpMachineResult,
} from './results.ts'
export { resume } from './resume.ts'
export { readyPoint, rewind } from './rewind.ts'
export { checkPatterns } from './run/artefacts.ts'
export { type Cell, matrixCells } from './run/matrix.ts'
export { type OtherRun, type Share, type Wait, whatFor } from './run/queue.ts'
export { asThrowAway } from './run/throw-away.ts'
export { type RunResult, type RunVerbOptions, run } from './run.ts'
export { freeForMachines } from './schedule/free-memory.ts'
export { takenBy } from './schedule/host-memory.ts'
export { type MachineUp, machinesUp } from './schedule/machines-up.ts'
export { screenshot } from './screenshot.ts'
export { selectMachines } from './select.ts'
export { sendKey } from './send-key.ts'
export { snapshotDelete } from './snapshot/delete.ts'
export { snapshotDiff } from './snapshot/diff.ts'
export { snapshotList } from './snapshot/list.ts'
export { snapshotRestore } from './snapshot/restore.ts'
export { snapshotSave } from './snapshot/save.ts'
export type {
  ForkResult,
  RestoredResult,
  SavedResult,
  SnapshotDiffResult,
  SnapshotResult,
} from './snapshot-results.ts'
export { ssh } from './ssh.ts'
export { sshConfig } from './ssh-config.ts'
export { sshProxy } from './ssh-proxy.ts'
export { lookAt, Rates, stats } from './stats.ts'
export { status } from './status.ts'
export { suspend } from './suspend.ts'
export { type ConflictResult, syncConflicts } from './sync/conflicts.ts'
export { type ResolveResult, syncResolve } from './sync/resolve.ts'
export { syncRestore, type TrashResult } from './sync/restore.ts'
export { syncStatus } from './sync/status.ts'
export { sync, watchSync } from './sync.ts'
export { type OpenedTerminal, terminal } from './terminal.ts'
export { asRoot } from './testbed/files.ts'
export { type Testbed, testbed } from './testbed.ts'
export { type } from './type.ts'
export { optionProblems } from './up/demands.ts'
export { up } from './up.ts'
export { removeImage } from './warm/find-image.ts'
export type { WarmJob } from './warm/job.ts'
