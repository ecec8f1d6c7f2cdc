export {
  add,
  type BoxListing,
  type BoxResult,
  boxResult,
  build,
  listBoxes,
  type RemovedBox,
  remove,
} from './box/boxes.ts'
export { boxBudget, keepBudget } from './box/budget.ts'
export { boxFacts } from './box/facts.ts'
export { type PruneResult, pruneBoxes } from './box/prune.ts'
export { type PushResult, push } from './box/push.ts'
export { type VerifiedBox, verifyBoxes } from './box/verify.ts'
export { boxNames, projectNames, recipeNames, templateNames } from './complete.ts'
export { type Check, type DoctorResult, doctor, fix } from './doctor/index.ts'
export { doctorInputs } from './doctor/inputs.ts'
export { init } from './init.ts'
export { list } from './list.ts'
export type { OpenProjectOptions } from './open-project.ts'
export { openProject } from './open-project.ts'
export { schema } from './schema.ts'
export { type ValidateResult, validate } from './validate.ts'
