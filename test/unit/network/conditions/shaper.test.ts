import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Conditions } from '../../../../src/lib/values/link-conditions.ts'
import { DelayLine, mostWaiting } from '../../../../src/network/conditions/delay-line.ts'
import { readConditions } from '../../../../src/network/conditions/read.ts'
import { type Journey, Shaper } from '../../../../src/network/conditions/shaper.ts'

/** What becomes of so many frames, one each millisecond. */
function run(conditions: Conditions, count: number, { seed = 'a', bytes = 1000, every = 1 } = {}) {
  const shaper = new Shaper(conditions, seed)
  const fates = Array.from({ length: count }, (_, index) => ({
    sent: index * every,
    fate: shaper.fate(bytes, index * every),
  }))
  const arrived = fates.flatMap(({ sent, fate }) =>
    'journey' in fate
      ? Array.from({ length: fate.copies }, () => ({ sent, took: fate.journey.at - sent }))
      : [],
  )
  const lost = fates.filter(({ fate }) => 'lost' in fate).length
  return { fates, arrived, lost }
}

/** So many frames of 1000 bytes at once. */
function sendMany(shaper: Shaper, count: number, now: number): Journey[] {
  return Array.from({ length: count }, () => {
    const fate = shaper.fate(1000, now)
    if (!('journey' in fate)) throw new Error(fate.lost)
    return fate.journey
  })
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('a shaped way', () => {
  it('takes the latency, and jitter around it without changing the order', () => {
    expect(run({ latency: 40 }, 10).arrived.every(({ took }) => took === 40)).toBe(true)
    const jittered = run({ latency: 40, jitter: 10 }, 5000, { every: 50 }).arrived.map(({ took }) => took)
    expect(Math.abs(mean(jittered) - 40)).toBeLessThan(0.5)
    expect(Math.min(...jittered)).toBeGreaterThanOrEqual(30)
    expect(Math.max(...jittered)).toBeLessThanOrEqual(50)
    const dense = run({ latency: 40, jitter: 10 }, 2000).arrived.map(({ sent, took }) => sent + took)
    expect(dense).toEqual([...dense].sort((a, b) => a - b))
  })

  it('loses and doubles the part that was asked for', () => {
    const { lost, arrived } = run({ loss: 0.02, duplicate: 0.05 }, 100_000)
    expect(lost / 100_000).toBeCloseTo(0.02, 2)
    expect(Math.abs(lost / 2000 - 1)).toBeLessThan(0.1)
    expect(Math.abs((arrived.length - (100_000 - lost)) / (0.05 * (100_000 - lost)) - 1)).toBeLessThan(0.1)
  })

  it('lets a part overtake the others', () => {
    const { arrived } = run({ latency: 40, reorder: 0.1 }, 100_000)
    const quick = arrived.filter(({ took }) => took === 0).length
    expect(Math.abs(quick / 10_000 - 1)).toBeLessThan(0.1)
    const order = arrived.map(({ sent, took }) => ({ sent, at: sent + took })).sort((a, b) => a.at - b.at)
    const early = order.filter(
      ({ sent }, index) => index > 0 && sent > (order[index + 1]?.sent ?? sent),
    ).length
    expect(early).toBeGreaterThan(5000)
  })

  it.each([...'abcdefgh'])('measures what was declared within a tenth, with the seed %s', (seed) => {
    const count = 40_000
    const declared = { latency: 50, jitter: 20, loss: 0.03, duplicate: 0.04, reorder: 0.05 }
    const { arrived, lost, fates } = run(declared, count, { seed, every: 100 })
    const near = (measured: number, wanted: number) =>
      expect(Math.abs(measured / wanted - 1), `${measured} for ${wanted}`).toBeLessThan(0.1)
    near(lost / count, declared.loss)
    near((arrived.length - (count - lost)) / (count - lost), declared.duplicate)
    const late = arrived.filter(({ took }) => took > 0).map(({ took }) => took)
    near((arrived.length - late.length) / arrived.length, declared.reorder)
    near(mean(late), declared.latency)
    // Evenly spread: the mean distance from the middle is half of the jitter.
    near(mean(late.map((took) => Math.abs(took - declared.latency))), declared.jitter / 2)
    // Each frame's fate is its own: after a lost one another is lost as often as ever.
    const isLost = fates.map(({ fate }) => 'lost' in fate)
    const twice = isLost.filter((each, index) => each && isLost[index - 1] === true).length
    expect(twice / lost).toBeLessThan(declared.loss * 2)
  })

  it('carries no more than the rate, and keeps little waiting', () => {
    // A frame of 1000 bytes each millisecond is 8 Mbit/s; half of that fits.
    const { arrived, lost } = run({ rate: 4_000_000 }, 10_000)
    expect(Math.abs(lost / 5000 - 1)).toBeLessThan(0.05)
    expect(Math.max(...arrived.map(({ took }) => took))).toBeLessThan(140)
    expect(run({ rate: 16_000_000 }, 1000).lost).toBe(0)
  })

  it('cut, it carries nothing, and healed everything again', () => {
    const shaper = new Shaper({ cut: true }, 'a')
    expect(shaper.fate(60, 0)).toEqual({ lost: 'cut' })
    shaper.change({}, 1, [])
    expect(shaper.fate(60, 1)).toMatchObject({ journey: { at: 1 }, copies: 1 })
  })

  it('healed, it begins empty: nothing that was before the cut is waited for', () => {
    const slow = { rate: 8000, latency: 10 }
    const shaper = new Shaper(slow, 'a')
    const before = sendMany(shaper, 5, 0)
    expect(before.map(({ at }) => at)).toEqual([1010, 2010, 3010, 4010, 5010])
    expect(shaper.change({ ...slow, cut: true }, 100, before)).toBe(null)
    shaper.change(slow, 200, [])
    expect(sendMany(shaper, 1, 200).map(({ at }) => at)).toEqual([1210])
  })

  it('a rate that is raised or lowered holds for what waits, too, and for what comes behind it', () => {
    const shaper = new Shaper({ rate: 8000, latency: 10 }, 'a')
    const waiting = sendMany(shaper, 3, 0)
    // Half of the first is through; what is left of all three takes a tenth of the time from now on.
    const raised = shaper.change({ rate: 80_000, latency: 10 }, 500, waiting) ?? []
    expect(raised.map(({ at }) => at)).toEqual([560, 660, 760])
    expect(sendMany(shaper, 1, 500).map(({ at }) => at)).toEqual([860])
    const lowered = shaper.change({ rate: 40_000, latency: 10 }, 500, raised) ?? []
    expect(lowered.map(({ at }) => at)).toEqual([610, 810, 1010])
    const freed = shaper.change({ latency: 10 }, 500, lowered) ?? []
    expect(freed.map(({ at }) => at)).toEqual([510, 510, 510])
  })

  it('a lower latency holds for what is on its way, a higher one for what comes then', () => {
    const shaper = new Shaper({ latency: 5000 }, 'a')
    const waiting = sendMany(shaper, 2, 100)
    const lowered = shaper.change({ latency: 40 }, 120, waiting) ?? []
    expect(lowered.map(({ at }) => at)).toEqual([140, 140])
    const raised = shaper.change({ latency: 300 }, 130, lowered) ?? []
    expect(raised.map(({ at }) => at)).toEqual([140, 140])
    expect(sendMany(shaper, 1, 130).map(({ at }) => at)).toEqual([430])
  })

  it('whatever is changed, nothing arrives before it is through, nothing late, and in order', () => {
    const conditions = fc.record({
      latency: fc.nat(100),
      jitter: fc.nat(50),
      rate: fc.constantFrom(0, 8000, 80_000, 8_000_000),
    })
    const steps = fc.array(fc.record({ conditions, frames: fc.nat(5), wait: fc.nat(200) }), { maxLength: 8 })
    fc.assert(
      fc.property(steps, (all) => {
        const shaper = new Shaper({}, 'a')
        let waiting: Journey[] = []
        let now = 0
        for (const step of all) {
          now += step.wait
          waiting =
            shaper.change(
              step.conditions,
              now,
              waiting.filter(({ at }) => at > now),
            ) ?? []
          waiting.push(...sendMany(shaper, step.frames, now))
          const times = waiting.map(({ at }) => at)
          expect(times).toEqual([...times].sort((a, b) => a - b))
          const { latency, jitter } = step.conditions
          for (const { at, through } of waiting) expect(at).toBeGreaterThanOrEqual(through)
          for (const { delay } of waiting) expect(delay).toBeLessThanOrEqual(latency + jitter)
        }
      }),
    )
  })

  it('does the same again with the same seed, and something else with another', () => {
    const wild: Conditions = { latency: 5, jitter: 3, loss: 0.3, duplicate: 0.2, reorder: 0.1 }
    expect(run(wild, 500).fates).toEqual(run(wild, 500).fates)
    expect(run(wild, 500).fates).not.toEqual(run(wild, 500, { seed: 'b' }).fates)
  })
})

describe('what waits', () => {
  const item = (n: number, from = 'a') => ({ from, n, bytes: Buffer.from([n]) })

  it('comes in the order of its time, of equal times in that of its coming, whatever was taken out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(20), stays: fc.boolean() }), { maxLength: 200 }),
        fc.array(fc.nat(20), { maxLength: 10 }),
        (given, looks) => {
          const line = new DelayLine<ReturnType<typeof item>>()
          for (const [order, { at }] of given.entries()) line.add(at, item(order))
          const out = line.remove(({ n }) => given[n]?.stays === false)
          const numbers = [...given.keys()]
          expect(out.map(({ n }) => n)).toEqual(numbers.filter((n) => given[n]?.stays === false))
          const came: number[] = []
          for (const now of [...looks.sort((a, b) => a - b), 20]) {
            line.take(now, ({ n }) => came.push(n))
            expect(line.next === undefined || line.next > now).toBe(true)
          }
          const stayed = numbers.filter((n) => given[n]?.stays === true)
          expect(came).toEqual(stayed.sort((a, b) => (given[a]?.at ?? 0) - (given[b]?.at ?? 0) || a - b))
          expect(line.size).toBe(0)
        },
      ),
    )
  })

  it('is no more than there is memory for, and a half of that of one sender', () => {
    const line = new DelayLine<{ from: string; bytes: Buffer }>()
    const big = Buffer.alloc(1024 * 1024)
    const fill = (from: string) =>
      Array.from({ length: 70 }, () => line.add(1, { from, bytes: big })).filter((taken) => taken).length
    expect(['a', 'b', 'c'].map(fill)).toEqual([32, 32, 0])
    line.take(1, () => undefined)
    expect(fill('c')).toBe(32)
    line.remove(() => true)
    expect(fill('c')).toBe(32)
  })

  it('has a bound in frames, however small they are', () => {
    const line = new DelayLine<{ from: string; bytes: Buffer }>()
    const small = { from: 'a', bytes: Buffer.alloc(18) }
    let taken = 0
    while (taken <= mostWaiting.frames && line.add(1, small)) taken += 1
    expect(taken).toBe(mostWaiting.frames / 2)
  })
})

it('conditions from outside are taken where they make sense', () => {
  expect(
    readConditions({ latency: 5, loss: 2, rate: -1, cut: 'yes', jitter: Number.NaN, duplicate: 0.5, x: 1 }),
  ).toEqual({
    latency: 5,
    duplicate: 0.5,
  })
  expect(readConditions(null)).toEqual({})
})
