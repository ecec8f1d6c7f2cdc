/** What runs in a guest to make it what the manifest says. */
export {
  type PlannedStep,
  type ProvisionOptions,
  type ProvisionRecord,
  planSteps,
  runSteps,
  type StepRecord,
} from './runner.ts'
export { scriptLimit } from './shell/script.ts'
