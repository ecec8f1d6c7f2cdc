import type { StepDecision } from './decide.ts'

/** The steps that a layer has are not due, apart from those that run every time. Pure. */
export function sparedBy(
  layer: { steps: readonly unknown[] } | null,
  steps: readonly StepDecision[],
): StepDecision[] {
  const spared = layer === null ? 0 : layer.steps.length
  return steps.map((step, index) =>
    index < spared ? { ...step, due: step.always === true, from: step.to } : step,
  )
}
