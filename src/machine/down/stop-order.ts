import { type Failure, failuresOf } from '../failures.ts'
import type { Reporting } from '../project.ts'
import type { Node } from '../schedule/graph.ts'
import { workTogether } from '../schedule/work-together.ts'
import type { Selected } from '../select.ts'

/** How many machines go down together: a guest that shuts down needs little, and many at once slow each other. */
const together = { limit: 8, room: 'others', despiteFailures: true }

/**
 * Does `work` on machines that go down, several at a time, dependents before what they depend on. A
 * failure keeps no other machine up. Results and failures come in that order, too. `done` says in a
 * few words what became of one.
 */
export async function takeDown<R>(
  project: Reporting,
  machines: readonly Selected[],
  { done, work }: { done: (result: R) => string; work: (machine: Selected) => Promise<R> },
): Promise<{ results: R[]; failures: Failure[] }> {
  const outcomes = await workTogether(project, dependentsFirst(machines), {
    ...together,
    done,
    work: ({ machine }) => {
      project.signal.throwIfAborted()
      return work(machine)
    },
  })
  return {
    results: outcomes.flatMap((outcome) => (outcome.status === 'done' ? [outcome.value] : [])),
    failures: failuresOf(outcomes),
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
