/** One comparison of two things measured in the same run, in turn: ours, the other, ours, … */
export interface BenchResult {
  /** `status ÷ node`. */
  name: string
  /** Of the samples: seconds where absent. */
  unit?: string
  ours: number[]
  theirs: number[]
  /** Median of the ratios pair by pair. */
  ratio: number
  /** What the ratio must not exceed, or, with `atLeast`, must reach; null where it is only reported. */
  limit: number | null
  atLeast?: boolean
  /** How both were made, so that anyone can repeat it. */
  how: string
}

export interface Bench {
  name: string
  /** Whether it can run here: null, or why not. */
  unavailable(): Promise<string | null>
  run(options: { samples: number; log: (line: string) => void }): Promise<BenchResult[]>
}

/** Whether a result is within its limit; null where it has none. */
export function holds({ ratio, limit, atLeast = false }: BenchResult): boolean | null {
  if (limit === null) return null
  return atLeast ? ratio >= limit : ratio <= limit
}

/** Median of the ratios pair by pair. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)))
}

/** The middle value; the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export interface Pairing {
  name: string
  how: string
  limit: number | null
  samples: number
  /** Pairs run first and not counted. */
  warmUp?: number
  log: (line: string) => void
  /** Each does its work once and returns the seconds that count. */
  ours: () => Promise<number>
  theirs: () => Promise<number>
}

/** Measures in pairs, so that what else the machine does strikes both sides alike. */
export async function comparePairs(pairing: Pairing): Promise<BenchResult> {
  const { name, how, limit, samples, log } = pairing
  const ours: number[] = []
  const theirs: number[] = []
  const warmUp = pairing.warmUp ?? 0
  for (let round = -warmUp; round < samples; round++) {
    const a = await pairing.ours()
    const b = await pairing.theirs()
    if (round < 0) continue
    ours.push(a)
    theirs.push(b)
    log(`${name}  ${round + 1}/${samples}  ${a.toFixed(3)} s ÷ ${b.toFixed(3)} s = ${(a / b).toFixed(2)}`)
  }
  return { name, how, limit, ours, theirs, ratio: ratioOf(ours, theirs) }
}
