import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DelayLine } from '../../../../src/network/conditions/delay-line.ts'
import { type Conditions, readConditions } from '../../../../src/network/conditions/model.ts'
import { Shaper } from '../../../../src/network/conditions/shaper.ts'

/** What becomes of so many frames, one each millisecond. */
function run(conditions: Conditions, count: number, { seed = 'a', bytes = 1000, every = 1 } = {}) {
  const shaper = new Shaper(conditions, seed)
  const fates = Array.from({ length: count }, (_, index) => ({
    sent: index * every,
    fate: shaper.fate(bytes, index * every),
  }))
  const arrived = fates.flatMap(({ sent, fate }) =>
    'at' in fate ? fate.at.map((at) => ({ sent, took: at - sent })) : [],
  )
  const lost = fates.filter(({ fate }) => 'lost' in fate).length
  return { fates, arrived, lost }
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
    const { arrived } = run({ latency: 40, reorder: 0.1 }, 10_000)
    const quick = arrived.filter(({ took }) => took === 0).length
    expect(Math.abs(quick / 1000 - 1)).toBeLessThan(0.15)
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
    shaper.conditions = {}
    expect(shaper.fate(60, 1)).toEqual({ at: [1] })
  })

  it('does the same again with the same seed, and something else with another', () => {
    const wild: Conditions = { latency: 5, jitter: 3, loss: 0.3, duplicate: 0.2, reorder: 0.1 }
    expect(run(wild, 500).fates).toEqual(run(wild, 500).fates)
    expect(run(wild, 500).fates).not.toEqual(run(wild, 500, { seed: 'b' }).fates)
  })
})

it('what waits comes in the order of its time, of equal times in that of its coming', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(20), { maxLength: 200 }),
      fc.array(fc.nat(20), { maxLength: 10 }),
      (times, looks) => {
        const line = new DelayLine()
        const came: [number, number][] = []
        for (const [order, at] of times.entries())
          line.add(at, Buffer.from([at]), () => came.push([at, order]))
        for (const now of [...looks.sort((a, b) => a - b), 20]) {
          line.take(now)
          expect(line.next === undefined || line.next > now).toBe(true)
        }
        expect(came).toEqual(
          times.map((at, order): [number, number] => [at, order]).sort((a, b) => a[0] - b[0] || a[1] - b[1]),
        )
        expect(line.size).toBe(0)
      },
    ),
  )
})

it('no more waits than there is memory for', () => {
  const line = new DelayLine()
  const big = Buffer.alloc(1024 * 1024)
  const taken = Array.from({ length: 70 }, () => line.add(1, big, () => undefined))
  expect(taken.filter((each) => each)).toHaveLength(64)
  line.take(1)
  expect(line.add(2, big, () => undefined)).toBe(true)
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
