/** A node and the names of those that must be done before it. */
export interface Node {
  name: string
  dependsOn: readonly string[]
}

export type Outcome<R> =
  | { name: string; status: 'done'; value: R }
  | { name: string; status: 'failed'; error: unknown }
  /** Not begun, since `because`, a dependency, was not done. */
  | { name: string; status: 'skipped'; because: string }

/**
 * Works through a graph without circles, at most `limit` nodes at a time, each after those it
 * depends on; dependencies outside `nodes` count as done. A failure stops only what depends on it.
 * Returns the outcomes in the order of `nodes`.
 */
export async function runGraph<N extends Node, R>(
  nodes: readonly N[],
  limit: number,
  work: (node: N) => Promise<R>,
): Promise<Outcome<R>[]> {
  const outcomes = new Map<string, Outcome<R>>()
  const names = new Set(nodes.map((node) => node.name))
  const waiting = new Set(nodes)
  const running = new Set<Promise<void>>()

  const settle = (outcome: Outcome<R>) => outcomes.set(outcome.name, outcome)
  const start = ({ name }: N, job: Promise<R>) => {
    const ended = job
      .then(
        (value) => settle({ name, status: 'done', value }),
        (error: unknown) => settle({ name, status: 'failed', error }),
      )
      .then(() => void running.delete(ended))
    running.add(ended)
  }
  /** Moves one node on; false when none can be moved now. */
  const step = (): boolean => {
    for (const node of waiting) {
      const before = node.dependsOn.filter((name) => names.has(name))
      const because = before.find((name) => (outcomes.get(name)?.status ?? 'done') !== 'done')
      if (because !== undefined) settle({ name: node.name, status: 'skipped', because })
      else if (running.size < limit && before.every((name) => outcomes.has(name))) start(node, work(node))
      else continue
      waiting.delete(node)
      return true
    }
    return false
  }

  for (;;) {
    while (step());
    if (running.size === 0) break
    await Promise.race(running)
  }
  return nodes.map(({ name }) => outcomes.get(name) ?? inCircle(name))
}

function inCircle(name: string): never {
  throw new Error(`${name} depends on itself`)
}
