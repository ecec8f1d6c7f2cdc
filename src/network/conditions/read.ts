import { type Conditions, longestDelay } from '../../lib/values/link-conditions.ts'

const conditionNames = ['latency', 'jitter', 'loss', 'duplicate', 'reorder', 'rate', 'cut'] as const

/** Whether frames simply pass. */
export function isPlain(conditions: Conditions): boolean {
  return conditionNames.every((name) => !conditions[name])
}

/** The conditions among these of data from outside; what makes no sense is left out. */
export function readConditions(value: unknown): Conditions {
  if (typeof value !== 'object' || value === null) return {}
  const given = value as Record<string, unknown>
  const found: Conditions = {}
  for (const name of conditionNames) {
    const one = given[name]
    if (name === 'cut') {
      if (typeof one === 'boolean') found.cut = one
    } else if (typeof one === 'number' && one >= 0 && one <= limitOf(name)) found[name] = one
  }
  return found
}

function limitOf(name: Exclude<(typeof conditionNames)[number], 'cut'>): number {
  if (name === 'latency' || name === 'jitter') return longestDelay
  return name === 'rate' ? Number.MAX_SAFE_INTEGER : 1
}
