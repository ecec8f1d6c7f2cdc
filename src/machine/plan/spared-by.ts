import type { StepDecision } from './decide.ts'

/** The steps that a layer has are not due, apart from those that run every time. Pure. */
export function sparedBy(
  layer: { steps: readonly { name: string }[] } | null,
  steps: readonly StepDecision[],
): StepDecision[] {
  const spared = new Set(layer?.steps.map(({ name }) => name))
  return steps.map((step) =>
    spared.has(step.name) ? { ...step, due: step.always === true, from: step.to } : step,
  )
}
