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

/** What a node waits for: those it depends on, or room beside those that are being worked on. */
export type Waiting = { for: readonly string[] } | 'room'

export interface GraphOptions<N> {
  /** How much is worked on at once, in the unit of `weight`. */
  limit: number
  /** What a node takes of the limit: 1 unless given. One that would take more takes all of it. */
  weight?: (node: N) => number
  /** A failure stops nothing: what depends on it is begun all the same. */
  despiteFailures?: boolean
  /** Told what a node waits for, at the beginning and whenever that changes. */
  onWait?: (node: N, waiting: Waiting) => void
}

/**
 * Works through a graph without circles, at most `limit` at a time, each node after those it depends
 * on; dependencies outside `nodes` count as done. `release` gives a node's room to others before its
 * work is done. A failure stops only what depends on it. Returns the outcomes in the order of `nodes`.
 */
export async function runGraph<N extends Node, R>(
  nodes: readonly N[],
  { limit, weight = () => 1, despiteFailures = false, onWait }: GraphOptions<N>,
  work: (node: N, release: () => void) => Promise<R>,
): Promise<Outcome<R>[]> {
  const outcomes = new Map<string, Outcome<R>>()
  const names = new Set(nodes.map((node) => node.name))
  const waiting = new Set(nodes)
  const told = new Map<string, string>()
  let inWork = 0
  let taken = 0
  let wake: () => void = () => undefined

  const weigh = (node: N) => Math.min(Math.max(weight(node), 0), limit)
  const settle = (outcome: Outcome<R>) => outcomes.set(outcome.name, outcome)
  const start = (node: N) => {
    const { name } = node
    let held = weigh(node)
    const release = () => {
      taken -= held
      held = 0
      wake()
    }
    inWork++
    taken += held
    Promise.resolve()
      .then(() => work(node, release))
      .then(
        (value) => settle({ name, status: 'done', value }),
        (error: unknown) => settle({ name, status: 'failed', error }),
      )
      .then(() => {
        inWork--
        release()
      })
  }
  const before = (node: N) => node.dependsOn.filter((name) => names.has(name))
  /** Moves one node on; false when none can be moved now. */
  const step = (): boolean => {
    for (const node of waiting) {
      const failed = before(node).find((name) => (outcomes.get(name)?.status ?? 'done') !== 'done')
      const because = despiteFailures ? undefined : failed
      if (because !== undefined) settle({ name: node.name, status: 'skipped', because })
      else if (before(node).every((name) => outcomes.has(name)) && taken + weigh(node) <= limit) start(node)
      else continue
      waiting.delete(node)
      return true
    }
    return false
  }
  const tell = () => {
    for (const node of waiting) {
      const open = before(node).filter((name) => !outcomes.has(name))
      const text = open.join(' ')
      if (told.get(node.name) === text) continue
      told.set(node.name, text)
      onWait?.(node, open.length === 0 ? 'room' : { for: open })
    }
  }

  for (;;) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    while (step());
    if (inWork === 0) break
    tell()
    await woken
  }
  return nodes.map(({ name }) => outcomes.get(name) ?? inCircle(name))
}

function inCircle(name: string): never {
  throw new Error(`${name} depends on itself`)
}
