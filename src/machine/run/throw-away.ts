import type { Project } from '../project.ts'

/**
 * A project whose machines live no longer than a process. Several share a host, which may have the project's own machines
 * besides: none of them takes its ports; where they are `moved`, others of the loopback lead into them. What one changes
 * in a folder stays in it. Pure.
 */
export function asThrowAway(project: Project, ports: 'none' | 'moved' = 'none'): Project {
  const moved = { hostAddress: '127.0.0.1', hostPort: 0, auto: true }
  const machines = project.manifest.machines.map((machine) => ({
    ...machine,
    throwAway: true as const,
    ports: ports === 'none' ? [] : machine.ports.map((port) => ({ ...port, ...moved })),
    autoPorts: false,
    keptDisks: [],
    sync: [
      ...machine.sync.map((folder) => ({ ...folder, type: 'once' as const })),
      ...machine.mounts.map(({ from, to, place }) => ({ from, to, place, ...asWritten })),
    ],
    mounts: [],
  }))
  return { ...project, manifest: { ...project.manifest, machines } }
}

/** All of a folder that would have been mounted, as that would show it. */
const asWritten = { type: 'once' as const, exclude: [], gitignore: false, git: true, merge: false }
