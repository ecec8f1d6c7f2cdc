/** What runs in a guest to make it what the manifest says. */
export { type GuestNow, lookAtGuest } from './between-steps.ts'
export { StepOutput } from './output.ts'
export { type PlannedStep, type ProvisionRecord, planSteps, type StepRecord } from './plan.ts'
export { checkPluginStep, pathsIn } from './plugin/index.ts'
export { type ProvisionOptions, runSteps } from './run-steps.ts'
export { scriptLimit } from './shell/script.ts'
export type { GuestAccess } from './step-guest.ts'
