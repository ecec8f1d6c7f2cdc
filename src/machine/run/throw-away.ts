import type { Project } from '../project.ts'

/**
 * A project whose machines live no longer than a process. Several share a host, which may have the project's own machines
 * besides: none of them takes its ports. What one changes in a folder stays in it. Pure.
 */
export function asThrowAway(project: Project): Project {
  const machines = project.manifest.machines.map((machine) => ({
    ...machine,
    ports: [],
    autoPorts: false,
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
