import { describe, expect, it } from 'vitest'
import { PosadaError } from '../../../src/errors/index.ts'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { mayPass } from '../../../src/http/failure.ts'
import { retryDelays, withRetries } from '../../../src/http/retry.ts'

const failure = () => new PosadaError('E_TRANSFER', 'h does not answer', { value: 'h' })

const delays = [20, 60, 180]

/** When each try was made, in milliseconds after the first. */
async function tries(fail: (count: number) => unknown) {
  const at: number[] = []
  const events: PosadaEvent[] = []
  const { signal } = new AbortController()
  let begun = 0
  const outcome = await withRetries({ delays, signal, emit: (event) => events.push(event) }, async () => {
    if (at.length === 0) begun = performance.now()
    at.push(performance.now() - begun)
    const error = fail(at.length)
    if (error !== null) throw error
    return 'done'
  }).catch((error: unknown) => error)
  return { at, events, outcome }
}

describe('what fails on its way', () => {
  it('is tried again after longer and longer waits, and then given up', async () => {
    const error = mayPass(failure())
    const { at, events, outcome } = await tries(() => error)
    expect(outcome).toBe(error)
    expect(at).toHaveLength(delays.length + 1)
    for (const [index, delay] of delays.entries())
      expect((at[index + 1] ?? 0) - (at[index] ?? 0)).toBeGreaterThanOrEqual(delay * 0.75 - 1)
    expect(events).toHaveLength(delays.length)
    expect([...retryDelays].sort((a, b) => a - b)).toEqual(retryDelays)
    expect(events[0]).toMatchObject({ level: 'warn', message: 'h does not answer; trying again' })
  })

  it('waits as long as the server asks for', async () => {
    const { at, outcome } = await tries((count) => (count === 1 ? mayPass(failure(), 200) : null))
    expect(outcome).toBe('done')
    expect(at[1]).toBeGreaterThanOrEqual(199)
  })

  it('is not tried again where that does not help', async () => {
    for (const error of [failure(), mayPass(failure(), 3_600_000), new Error('a bug')])
      expect(await tries(() => error)).toMatchObject({ at: [expect.any(Number)], outcome: error })
  })
})
