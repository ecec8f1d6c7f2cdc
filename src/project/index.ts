export { forkAt, forkFile } from './fork-paths.ts'
export { adoptIdentity, ensureIdentity, readForeignIdentity, readIdentity } from './identity.ts'
export { isDamage, readJsonFile, unlessDamaged, writeJsonFile } from './json-file.ts'
export { readKeptDisks, writeKeptDisks } from './kept-disks.ts'
export { describeHolder, withLock } from './lock.ts'
export { changeLockfile, type LockfilePaths } from './lockfile/change.ts'
export type { LockedBox, LockedFacts, LockedFiles, LockedLayer } from './lockfile/model.ts'
export { readLockfile } from './lockfile/read.ts'
export { identityOf, machineId } from './machine-identity.ts'
export {
  isUnsettled,
  type MachineCopy,
  type MachineState,
  machinesOnDisk,
  type RecordedAttachment,
  readForeignState,
  readState,
  type SavedMemory,
  writeState,
} from './machine-state.ts'
export { makeOwnFolder } from './own-folder.ts'
export { checkOwnTree } from './own-tree.ts'
export { type MachinePaths, machinePaths, type ProjectPaths, projectPaths } from './paths.ts'
export { abandonedRuns, isRunId, makeRunFolder, type RunFolder, removeRunFolder } from './run-folder.ts'
export {
  ensureRuntimeDir,
  findRuntimeDir,
  isOwnRuntimeDir,
  removeRuntimeDir,
  runtimeDir,
} from './runtime-dir.ts'
export { forgetSnapshot, readSnapshots, type Snapshot, writeSnapshot } from './snapshot.ts'
export { forwarderSocket, keeperSocket, networkSockets, nicSocket, syncSocket } from './sockets.ts'
export { forgetInIndex, noteInIndex, readIndex } from './user-index.ts'
export { type UserPaths, userPaths } from './user-paths.ts'
export {
  readWarmImage,
  type WarmImage,
  type WarmPaths,
  warmImages,
  warmPaths,
  writeWarmImage,
} from './warm-image.ts'
