import { type BenchResult, median } from './bench.ts'

/** A machine of some tool. Each verb does what it says, waits until it is done and returns seconds. */
export interface Machine {
  /** Makes it where it is not there; until the first command over SSH has succeeded. */
  up(): Promise<number>
  /** `true` in the guest. */
  exec(): Promise<number>
  /** Null where the tool has no such thing. */
  status(): Promise<number | null>
  halt(): Promise<number>
  destroy(): Promise<number>
  /** Waits until the guest has started all that it is going to start. */
  settle(): Promise<void>
  /** Takes away what is left of it, whatever happened. */
  discard(): Promise<void>
}

export const moments = ['up', 'exec true', 'status', 'halt', 'second up', 'destroy'] as const
export type Moment = (typeof moments)[number]
export type Life = Record<Moment, number | null>

/** `exec` and `status` are short and noisy: the middle one of this many counts. */
const REPEAT = 3

/** From nothing to nothing again: fresh `up`, commands, `halt`, second `up`, `destroy`. */
export async function liveOnce(machine: Machine): Promise<Life> {
  try {
    const up = await machine.up()
    await machine.settle()
    const exec = await middle(() => machine.exec())
    const status = await middle(() => machine.status())
    const halt = await machine.halt()
    const again = await machine.up()
    const destroy = await machine.destroy()
    return { up, 'exec true': exec, status, halt, 'second up': again, destroy }
  } finally {
    await machine.discard()
  }
}

async function middle(work: () => Promise<number | null>): Promise<number | null> {
  const values: number[] = []
  for (let round = 0; round < REPEAT; round++) {
    const value = await work()
    if (value === null) return null
    values.push(value)
  }
  return median(values)
}

export interface LifeComparison {
  /** `posada ÷ Vagrant`. */
  name: string
  how: string
  samples: number
  log: (line: string) => void
  /** What a ratio must not exceed; the others are reported. */
  limits?: Partial<Record<Moment, number>>
  ours: () => Promise<Life>
  theirs: () => Promise<Life>
}

/** Measures whole lives in pairs, in turn, and compares them moment by moment. */
export async function compareLives(comparison: LifeComparison): Promise<BenchResult[]> {
  const { name, how, samples, log, limits = {} } = comparison
  const pairs: { ours: Life; theirs: Life }[] = []
  for (let round = 1; round <= samples; round++) {
    const pair = { ours: await comparison.ours(), theirs: await comparison.theirs() }
    pairs.push(pair)
    log(`${name}  ${round}/${samples}  ${moments.map((moment) => describe(moment, pair)).join(', ')}`)
  }
  return moments.map((moment) => {
    const ours = pairs.flatMap((pair) => pair.ours[moment] ?? [])
    const theirs = pairs.flatMap((pair) => pair.theirs[moment] ?? [])
    const ratio = median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)))
    return { name: `${name}: ${moment}`, how, limit: limits[moment] ?? null, ours, theirs, ratio }
  })
}

function describe(moment: Moment, { ours, theirs }: { ours: Life; theirs: Life }): string {
  const text = (value: number | null) => (value === null ? '-' : `${value.toFixed(2)} s`)
  return `${moment} ${text(ours[moment])} ÷ ${text(theirs[moment])}`
}
