import type { Emit } from '../../events/index.ts'

/** Milliseconds between two events, and those that the rate is taken over. */
const interval = 100
const rateOver = 5000

/** What is done with what: `fetching debian/12`. */
type Doing = 'fetching' | 'sending'

const stepOf = (what: string, doing: Doing) => ({
  step: `${doing === 'fetching' ? 'download' : 'upload'}:${what}`,
  message: `${doing} ${what}`,
})

/** Tells that a transfer begins and how it ends, with the time it took. */
export async function inStep<T>(
  what: string,
  emit: Emit,
  work: () => Promise<T>,
  doing: Doing = 'fetching',
): Promise<T> {
  const begun = performance.now()
  emit({ type: 'step', status: 'start', ...stepOf(what, doing) })
  try {
    const value = await work()
    emit({ type: 'step', status: 'done', ...stepOf(what, doing), ms: performance.now() - begun })
    return value
  } catch (error) {
    emit({ type: 'step', status: 'fail', ...stepOf(what, doing), ms: performance.now() - begun })
    throw error
  }
}

/** Tells how far a transfer has got, ten times a second at most. A `total` of null is not known. */
export function progressOf(what: string, total: number | null, emit: Emit, doing: Doing = 'fetching') {
  const seen: { at: number; done: number }[] = []
  return {
    advance: (done: number) => {
      const at = performance.now()
      if (at - (seen.at(-1)?.at ?? Number.NEGATIVE_INFINITY) < interval) return
      seen.push({ at, done })
      while (seen.length > 2 && at - (seen[0]?.at ?? at) > rateOver) seen.shift()
      const [first = { at, done }] = seen
      const rate = at - first.at < 500 ? undefined : ((done - first.done) * 1000) / (at - first.at)
      emit({
        type: 'progress',
        ...stepOf(what, doing),
        done,
        unit: 'bytes',
        ...(total === null ? {} : { total }),
        ...(rate === undefined ? {} : { rate }),
      })
    },
  }
}
