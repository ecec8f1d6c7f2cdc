import type { AdoptResult, HostUse, TrustedProjects } from '../../app/index.ts'
import { makeVisible } from '../../ui/index.ts'

/** What a project does on this computer, a line each. */
export function usesText(root: string, uses: readonly HostUse[]): string {
  const lines = uses.map(({ what }) => `  - it ${makeVisible(what)}`)
  return [`The project in ${makeVisible(root)} uses this computer outside its machines:`, ...lines].join('\n')
}

export function trustedText({ projects }: TrustedProjects): string {
  if (projects.length === 0) return 'no project is trusted to use this computer outside its machines'
  return projects.map(({ root, uses }) => usesText(root, uses)).join('\n')
}

/** What in a project's `.posada` is foreign, a line each. */
export function adoptText({ root, project, machines }: AdoptResult): string {
  const lines = machines.map(
    ({ name, provider, box, user, disks }) =>
      `${name}: made by ${provider} from ${box}, logged in to as ${user}, disks ${disks.join(', ')}`,
  )
  return [
    `The project in ${makeVisible(root)} has state that your key did not seal:`,
    ...(project === null ? [] : [`  - its identity, ${project}`]),
    ...lines.map((line) => `  - ${makeVisible(line)}`),
    'These machines run whatever is on their disks.',
  ].join('\n')
}
