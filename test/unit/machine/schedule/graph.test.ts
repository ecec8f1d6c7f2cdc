import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runGraph } from '../../../../src/machine/schedule/graph.ts'

const node = (name: string, ...dependsOn: string[]) => ({ name, dependsOn })
const tick = () => new Promise((resolve) => setImmediate(resolve))

describe('runGraph', () => {
  it('does each node after those it depends on', async () => {
    const order: string[] = []
    const outcomes = await runGraph(
      [node('c', 'b'), node('b', 'a'), node('a')],
      { limit: 4 },
      async ({ name }) => {
        await tick()
        order.push(name)
      },
    )
    expect(order).toEqual(['a', 'b', 'c'])
    expect(outcomes.map((outcome) => outcome.name)).toEqual(['c', 'b', 'a'])
  })

  it('skips what depends on a failure and finishes the rest', async () => {
    const outcomes = await runGraph(
      [node('a'), node('b', 'a'), node('c', 'b'), node('d')],
      { limit: 1 },
      async ({ name }) => {
        if (name === 'a') throw new Error('broken')
        return name
      },
    )
    expect(outcomes).toEqual([
      { name: 'a', status: 'failed', error: new Error('broken') },
      { name: 'b', status: 'skipped', because: 'a' },
      { name: 'c', status: 'skipped', because: 'b' },
      { name: 'd', status: 'done', value: 'd' },
    ])
  })

  it('takes a dependency outside the nodes as done, and no nodes as nothing to do', async () => {
    expect(await runGraph([node('a', 'elsewhere')], { limit: 1 }, async () => 1)).toEqual([
      { name: 'a', status: 'done', value: 1 },
    ])
    expect(await runGraph([], { limit: 1 }, async () => 1)).toEqual([])
  })

  it('fits nodes of different weights under the limit, and one that is too heavy alone', async () => {
    const weights: Record<string, number> = { a: 2, b: 1, c: 9, d: 1 }
    let taken = 0
    let most = 0
    const options = { limit: 3, weight: ({ name }: { name: string }) => weights[name] ?? 0 }
    await runGraph([node('a'), node('b'), node('c'), node('d')], options, async ({ name }) => {
      const own = Math.min(weights[name] ?? 0, 3)
      taken += own
      most = Math.max(most, taken)
      await tick()
      taken -= own
    })
    expect(most).toBe(3)
  })

  it('gives the room of a node that released it to others, once', async () => {
    const order: string[] = []
    let finish: () => void = () => undefined
    const outcomes = await runGraph(
      [node('a'), node('b'), node('c')],
      { limit: 1 },
      async ({ name }, release) => {
        order.push(`${name} begins`)
        if (name === 'a') {
          release()
          release()
          await new Promise<void>((resolve) => {
            finish = resolve
          })
        } else await tick()
        order.push(`${name} ends`)
        if (name === 'c') finish()
      },
    )
    expect(order).toEqual(['a begins', 'b begins', 'b ends', 'c begins', 'c ends', 'a ends'])
    expect(outcomes.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
  })

  it('tells what each node waits for, and again only when that changes', async () => {
    const told: string[] = []
    await runGraph(
      [node('a'), node('b'), node('c', 'a', 'b'), node('d', 'elsewhere')],
      {
        limit: 1,
        onWait: ({ name }, waiting) =>
          told.push(`${name}: ${waiting === 'room' ? 'room' : waiting.for.join(' ')}`),
      },
      tick,
    )
    expect(told).toEqual(['b: room', 'c: a b', 'd: room', 'c: b'])
  })

  it('goes on despite failures where it is told to', async () => {
    const outcomes = await runGraph(
      [node('a'), node('b', 'a')],
      { limit: 1, despiteFailures: true },
      ({ name }) => {
        if (name === 'a') throw new Error('broken')
        return Promise.resolve(name)
      },
    )
    expect(outcomes).toMatchObject([{ status: 'failed' }, { status: 'done', value: 'b' }])
  })

  it('works through a few hundred nodes', async () => {
    const nodes = Array.from({ length: 300 }, (_, index) =>
      node(`n${index}`, ...(index > 2 ? [`n${index - 1}`, `n${index - 3}`] : [])),
    )
    expect(await runGraph(nodes, { limit: 4 }, tick)).toHaveLength(300)
  })

  it('reports a circle instead of waiting for ever', async () => {
    await expect(runGraph([node('a', 'b'), node('b', 'a')], { limit: 2 }, async () => 1)).rejects.toThrow(
      'depends on itself',
    )
  })

  it('never exceeds the limit nor breaks the order, whatever the graph', async () => {
    const graph = fc
      .array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 20 })
      .map((rows) =>
        rows.map((row, index) => node(`n${index}`, ...row.filter((to) => to < index).map((to) => `n${to}`))),
      )
    await fc.assert(
      fc.asyncProperty(
        graph,
        fc.integer({ min: 1, max: 5 }),
        fc.func(fc.boolean()),
        async (nodes, limit, fails) => {
          let running = 0
          const done = new Set<string>()
          const outcomes = await runGraph(nodes, { limit }, async ({ name, dependsOn }) => {
            running++
            expect(running).toBeLessThanOrEqual(limit)
            for (const before of dependsOn) expect(done).toContain(before)
            await tick()
            running--
            if (fails(name)) throw new Error(name)
            done.add(name)
          })
          for (const outcome of outcomes) {
            const itself = nodes.find(({ name }) => name === outcome.name)
            if (outcome.status === 'skipped') expect(itself?.dependsOn).toContain(outcome.because)
            expect(outcome.status === 'done').toBe(done.has(outcome.name))
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})
