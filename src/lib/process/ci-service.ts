export type CiService = 'github' | 'gitlab'

/**
 * The CI service that this process is a job of; null: none that is known. Sources: GitHub Actions, "Default environment
 * variables"; GitLab, "Predefined CI/CD variables".
 */
export function ciService(env: NodeJS.ProcessEnv): CiService | null {
  if (env.GITHUB_ACTIONS === 'true') return 'github'
  return env.GITLAB_CI === 'true' ? 'gitlab' : null
}
