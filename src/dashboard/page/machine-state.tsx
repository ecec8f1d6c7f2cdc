import type { Project } from './store.ts'

/** How a machine is: the newest of what is known. */
export function stateOf(project: Project, name: string): string {
  return (
    project.stats.get(name)?.state ??
    project.detail?.machines.find((machine) => machine.name === name)?.state ??
    'absent'
  )
}

/** A word, with a sign beside it that does not rest on colour alone. */
export function State({ name }: { name: string }) {
  return <span class={`state ${name}`}>{name}</span>
}

/** The machines that were made, and those that the manifest has besides. */
export function machinesOf({ stats, detail }: Project): string[] {
  return [...new Set([...(detail?.machines ?? []).map(({ name }) => name), ...stats.keys()])]
}
