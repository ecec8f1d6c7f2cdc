export { archiveFrom, writeArchiveTo } from './archive-file.ts'
export {
  machineArg,
  machinesArg,
  newSnapshotArg,
  rewindArg,
  snapshotArg,
  throwAwayFlags,
  trustFlag,
  ttyFlag,
} from './args.ts'
export { hasFlag, splitAtCommand, splitAtDashes } from './argv.ts'
export { askTrust } from './ask-trust.ts'
export { captureFile } from './capture-file.ts'
export { type InstalledFile, installCompletion, loginShell } from './completion/install.ts'
export { completionScript, shells } from './completion/scripts.ts'
export { confirm } from './confirm.ts'
export { flagValue } from './flag-value.ts'
export { forkSource } from './fork-source.ts'
export { type GuestCommandResult, runInGuest } from './guest-command.ts'
export { type GuestCommandsResult, runInGuests } from './guest-commands.ts'
export { interruptible } from './interrupt.ts'
export { maskedEmit, maskedError } from './masked.ts'
export { passedOn } from './passed-on.ts'
export { checkPrune, pruneFlag } from './prune-flag.ts'
export { joined, rawWords } from './raw-words.ts'
export { runOutput } from './run-output.ts'
export { reportRun } from './run-report.ts'
export { hearOutputErrors } from './streams.ts'
export {
  boxesText,
  boxText,
  offeredText,
  outdatedText,
  packageText,
  pruneText,
  pushText,
  updateText,
  verifyText,
} from './text/boxes.ts'
export { cachePrunedText, cacheText, layersPushedText } from './text/cache.ts'
export { installedText } from './text/completion.ts'
export { doctorText } from './text/doctor.ts'
export { eventTeller } from './text/events.ts'
export { copyText, destroyText, haltText, provisionText, suspendText, upText } from './text/machines.ts'
export { exportText, importText } from './text/moving.ts'
export { captureText, networksText, proxyText } from './text/networks.ts'
export { planText } from './text/plan.ts'
export { portsText } from './text/ports.ts'
export { prometheusText } from './text/prometheus.ts'
export type { RunDocument } from './text/run.ts'
export {
  deletedText,
  forksText,
  restoredSnapshotsText,
  savedText,
  snapshotDiffText,
  snapshotsText,
} from './text/snapshots.ts'
export { type Graphs, graphsOf, statsText, topRows } from './text/stats.ts'
export { projectsText, statusText, stepsText } from './text/status.ts'
export {
  conflictsText,
  folderStatusesText,
  folderStatusText,
  restoredText,
  syncText,
  trashText,
} from './text/sync.ts'
export { adoptText, trustedText, usesText } from './text/trust.ts'
export { watchTable } from './watch-table.ts'
