export { addBox } from './box/add.ts'
export { buildBox } from './box/build.ts'
export { type BoxListing, listBoxes } from './box/list.ts'
export { type PackageResult, packageBox } from './box/package.ts'
export { type PruneResult, pruneBoxes } from './box/prune.ts'
export { type PushResult, pushBox } from './box/push.ts'
export { type RemovedBox, removeBox } from './box/remove.ts'
export type { BoxResult } from './box/result.ts'
export { type VerifiedBox, verifyBoxes } from './box/verify.ts'
export { boxNames, projectNames, recipeNames, templateNames } from './complete.ts'
export { type Check, type DoctorResult, doctor, fix } from './doctor/index.ts'
export { doctorInputs } from './doctor/inputs.ts'
export type { AskTrust } from './ensure-trust.ts'
export { init } from './init.ts'
export { list } from './list.ts'
export type { OpenProjectOptions } from './open-project.ts'
export { openProject } from './open-project.ts'
export { withRun } from './run/open-run.ts'
export { sweepRuns } from './run/sweep-runs.ts'
export { schema } from './schema.ts'
export type { HostUse } from './trust/agreed.ts'
export {
  type RevokeResult,
  revokeTrust,
  type TrustedProjects,
  type TrustResult,
  trust,
  trustedProjects,
} from './trust.ts'
export { validate } from './validate.ts'
