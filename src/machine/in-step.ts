import type { Emit } from '../events/index.ts'

export interface Step {
  machine?: string
  step: string
  message: string
}

/** Tells that a stage begins and how it ends, with the time it took. */
export async function inStep<T>(emit: Emit, step: Step, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  emit({ type: 'step', status: 'start', ...step })
  try {
    const value = await work()
    emit({ type: 'step', status: 'done', ...step, ms: performance.now() - begun })
    return value
  } catch (error) {
    emit({ type: 'step', status: 'fail', ...step, ms: performance.now() - begun })
    throw error
  }
}
