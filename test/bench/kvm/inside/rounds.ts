import { type BenchResult, ratioOf } from '../../bench.ts'
import type { BenchFiles } from '../guest.ts'

export interface InsideOptions {
  files: BenchFiles
  samples: number
  log: (line: string) => void
}

/** What one machine was measured at: a value a name. */
export type Values = ReadonlyMap<string, number>

export interface Contestant {
  name: string
  measure: () => Promise<Values>
}

export interface Comparison {
  /** Names of two contestants. */
  ours: string
  theirs: string
  /** Name of the value. */
  value: string
  unit: string
  limit: number | null
  atLeast?: boolean
  how: string
}

export interface Rounds {
  title: string
  samples: number
  /** Rounds run first and not counted. */
  warmUp?: number
  log: (line: string) => void
  contestants: readonly Contestant[]
  compare: readonly Comparison[]
}

/** Measures all contestants in turn, round by round, so that what else the machine does strikes all alike. */
export async function runRounds(rounds: Rounds): Promise<BenchResult[]> {
  const { title, samples, log, contestants, warmUp = 0 } = rounds
  const taken = new Map(contestants.map(({ name }): [string, Values[]] => [name, []]))
  for (let round = -warmUp; round < samples; round++) {
    for (const { name, measure } of contestants) {
      const values = await measure()
      const text = [...values].map(([key, value]) => `${key} ${value.toPrecision(4)}`).join(', ')
      log(`${title}  ${round + 1}/${samples}  ${name}: ${text}`)
      if (round >= 0) taken.get(name)?.push(values)
    }
  }
  return rounds.compare.map(({ ours, theirs, value, unit, limit, atLeast, how }) => {
    const of = (name: string) => (taken.get(name) ?? []).flatMap((values) => values.get(value) ?? [])
    return {
      name: `${title}: ${value}, ${ours} ÷ ${theirs}`,
      ...{ unit, limit, how },
      ...(atLeast === undefined ? {} : { atLeast }),
      ...{ ours: of(ours), theirs: of(theirs), ratio: ratioOf(of(ours), of(theirs)) },
    }
  })
}
