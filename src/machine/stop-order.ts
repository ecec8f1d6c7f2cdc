import { type Node, runGraph } from '../lib/graph.ts'
import type { Project } from './project.ts'
import type { Selected } from './select.ts'
import type { Failure } from './work.ts'

/** How many machines go down together: a guest that shuts down needs little, and many at once slow each other. */
const AT_ONCE = 8

/**
 * Does `work` on machines that go down, several at a time, dependents before what they depend on. A
 * failure keeps no other machine up. Results and failures come in that order, too.
 */
export async function takeDown<R>(
  { signal }: Project,
  machines: readonly Selected[],
  work: (machine: Selected) => Promise<R>,
): Promise<{ results: R[]; failures: Failure[] }> {
  const failures: Failure[] = []
  const outcomes = await runGraph(dependentsFirst(machines), AT_ONCE, async ({ machine }) => {
    try {
      signal.throwIfAborted()
      return [await work(machine)]
    } catch (error) {
      failures.push({ machine: machine.name, error })
      return []
    }
  })
  return {
    results: outcomes.flatMap((outcome) => (outcome.status === 'done' ? outcome.value : [])),
    failures,
  }
}

/** A machine that nothing here depends on comes before those that it depends on. */
export function dependentsFirst(machines: readonly Selected[]): (Node & { machine: Selected })[] {
  const ordered: (Node & { machine: Selected })[] = []
  const visit = (machine: Selected) => {
    if (ordered.some((other) => other.machine === machine)) return
    const dependents = machines.filter(({ config }) => config?.dependsOn.includes(machine.name))
    dependents.forEach(visit)
    ordered.push({ name: machine.name, dependsOn: dependents.map(({ name }) => name), machine })
  }
  machines.forEach(visit)
  return ordered
}
