/** What runs in a guest to make it what the manifest says. */
export type { Provisioner, StepContext } from './contract.ts'
export {
  type ProvisionOptions,
  type ProvisionRecord,
  planSteps,
  provision,
  type StepOutcome,
  type StepRecord,
} from './runner.ts'
export { scriptLimit } from './shell/script.ts'
