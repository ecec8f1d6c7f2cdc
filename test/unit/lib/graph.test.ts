import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runGraph } from '../../../src/lib/graph.ts'

const node = (name: string, ...dependsOn: string[]) => ({ name, dependsOn })
const tick = () => new Promise((resolve) => setImmediate(resolve))

describe('runGraph', () => {
  it('does each node after those it depends on', async () => {
    const order: string[] = []
    const outcomes = await runGraph([node('c', 'b'), node('b', 'a'), node('a')], 4, async ({ name }) => {
      await tick()
      order.push(name)
    })
    expect(order).toEqual(['a', 'b', 'c'])
    expect(outcomes.map((outcome) => outcome.name)).toEqual(['c', 'b', 'a'])
  })

  it('skips what depends on a failure and finishes the rest', async () => {
    const outcomes = await runGraph(
      [node('a'), node('b', 'a'), node('c', 'b'), node('d')],
      1,
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
    expect(await runGraph([node('a', 'elsewhere')], 1, async () => 1)).toEqual([
      { name: 'a', status: 'done', value: 1 },
    ])
    expect(await runGraph([], 1, async () => 1)).toEqual([])
  })

  it('reports a circle instead of waiting for ever', async () => {
    await expect(runGraph([node('a', 'b'), node('b', 'a')], 2, async () => 1)).rejects.toThrow(
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
          const outcomes = await runGraph(nodes, limit, async ({ name, dependsOn }) => {
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
