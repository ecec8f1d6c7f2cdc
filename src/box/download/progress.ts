import type { Emit } from '../../events/index.ts'

/** Milliseconds between two events, and those that the rate is taken over. */
const interval = 100
const rateOver = 5000

/** How one transfer is told. */
export interface Transfer {
  /** Tells that it begins and how it ends, with the time it took. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Tells how far it has got, ten times a second at most. A `total` of null is not known. */
  progress(total: number | null): { advance(done: number): void }
}

/** What is done with what: `fetching debian/12`. */
export function transfer(doing: 'fetching' | 'sending', what: string, emit: Emit): Transfer {
  const step = `${doing === 'fetching' ? 'download' : 'upload'}:${what}`
  const message = `${doing} ${what}`
  return {
    during: async (work) => {
      const begun = performance.now()
      emit({ type: 'step', status: 'start', step, message })
      try {
        const value = await work()
        emit({ type: 'step', status: 'done', step, message, ms: performance.now() - begun })
        return value
      } catch (error) {
        emit({ type: 'step', status: 'fail', step, message, ms: performance.now() - begun })
        throw error
      }
    },
    progress: (total) => {
      const rateAt = rateMeter()
      return {
        advance: (done) => {
          const rate = rateAt(done)
          if (rate === 'too soon') return
          emit({
            type: 'progress',
            step,
            message,
            done,
            unit: 'bytes',
            ...(total === null ? {} : { total }),
            ...(rate === null ? {} : { rate }),
          })
        },
      }
    },
  }
}

/** Bytes a second over the last while; null until that can be told. */
function rateMeter(): (done: number) => number | null | 'too soon' {
  const seen: { at: number; done: number }[] = []
  return (done) => {
    const at = performance.now()
    if (at - (seen.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < interval) return 'too soon'
    seen.push({ at, done })
    while (seen.length > 2 && at - (seen[0]?.at ?? at) > rateOver) seen.shift()
    const [first = { at, done }] = seen
    return at - first.at < 500 ? null : ((done - first.done) * 1000) / (at - first.at)
  }
}
