import type { PlannedStep } from '../../provisioners/index.ts'
import type { ProvisionResult } from '../results.ts'

/** How far the steps of a machine that is brought up have come. */
export class StepProgress {
  readonly #plan: readonly PlannedStep[] | null
  /** Of the plan, how many steps have been seen to. */
  #passed = 0
  #results: ProvisionResult[] = []

  /** @param plan null: no steps are to run */
  constructor(plan: readonly PlannedStep[] | null) {
    this.#plan = plan
  }

  get results(): ProvisionResult[] {
    return this.#results
  }

  /** What is left of the plan up to the last of these steps; left out: to its end. */
  upTo(steps?: readonly string[]): readonly PlannedStep[] {
    if (this.#plan === null) return []
    const end =
      steps === undefined
        ? this.#plan.length
        : this.#plan.findLastIndex(({ step }) => steps.includes(step.name)) + 1
    return this.#plan.slice(this.#passed, end)
  }

  /** These, which are the next of the plan, have been seen to, with these results. */
  passed(part: readonly PlannedStep[], results: readonly ProvisionResult[]): void {
    this.#passed += part.length
    this.#results = [...this.#results, ...results]
  }
}
