import type { NetworkResult } from '../../machine/index.ts'

export type Pair = [string, string]

/** Whether nothing passes between two machines, or on the whole network. */
export function isCut({ pairs, conditions }: NetworkResult, [a, b]: Pair): boolean {
  const own = pairs.findLast(({ between }) => between.includes(a) && between.includes(b))
  return own?.conditions.cut ?? conditions.cut ?? false
}

export function pairsOf({ machines }: NetworkResult): Pair[] {
  return machines.flatMap((one, index) =>
    machines.slice(index + 1).map((other): Pair => [one.machine, other.machine]),
  )
}
