import { isPosadaError } from '../../errors/index.ts'
import type { MachineEvent } from '../../events/index.ts'
import type { Reporting } from '../project.ts'
import { type Node, type Outcome, runGraph, type Waiting } from './graph.ts'

export interface Together<N, R> {
  /** How much is worked on at once, and what each machine takes of it. */
  limit: number
  weight?: (node: N) => number
  /** What is scarce where there is no room: `a free processor`. */
  room: string
  /** Whether what depends on a failed machine is worked on all the same. */
  despiteFailures?: boolean
  /** What has become of a machine, in a few words. */
  done: (result: R) => string
  /** Done to one machine; `release` gives its room to others before it is. */
  work: (node: N, release: () => void) => Promise<R>
}

/**
 * Works on machines in the order of their dependencies and tells of each what it waits for, that it is
 * being worked on, and that it is done or failed: nothing of the kind where there is only one.
 */
export async function workTogether<N extends Node, R>(
  { emit }: Reporting,
  nodes: readonly N[],
  { limit, weight, room, despiteFailures = false, done, work }: Together<N, R>,
): Promise<Outcome<R>[]> {
  const several = nodes.length > 1
  const tell = (machine: string, how: Pick<MachineEvent, 'status' | 'message'>, begun?: number) => {
    const ms = begun === undefined ? {} : { ms: performance.now() - begun }
    if (several) emit({ type: 'machine', machine, ...how, ...ms })
  }
  const onWait = ({ name }: N, waiting: Waiting) =>
    tell(name, { status: 'wait', message: waitingText(waiting, room) })
  if (several) emit({ type: 'machines', machines: nodes.map(({ name }) => name) })
  const options = { limit, onWait, despiteFailures, ...(weight === undefined ? {} : { weight }) }
  const outcomes = await runGraph(nodes, options, async (node, release) => {
    const begun = performance.now()
    tell(node.name, { status: 'work', message: '' })
    try {
      const result = await work(node, release)
      tell(node.name, { status: 'done', message: done(result) }, begun)
      return result
    } catch (error) {
      tell(node.name, { status: 'fail', message: failure(error) }, begun)
      throw error
    }
  })
  for (const outcome of outcomes) {
    if (outcome.status === 'skipped')
      tell(outcome.name, { status: 'fail', message: `not started: ${outcome.because} failed` })
  }
  return outcomes
}

function waitingText(waiting: Waiting, room: string): string {
  if (waiting === 'room') return `waiting for ${room}`
  const [first, second, ...more] = waiting.for
  if (second === undefined) return `waiting for ${first}`
  if (more.length === 0) return `waiting for ${first} and ${second}`
  return `waiting for ${first}, ${second} and ${more.length} more`
}

function failure(error: unknown): string {
  return isPosadaError(error) ? error.message : 'failed'
}
