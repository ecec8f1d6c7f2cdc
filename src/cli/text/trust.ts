import type { HostUse, TrustedProjects } from '../../app/index.ts'
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
