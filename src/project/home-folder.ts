import { userInfo } from 'node:os'

/**
 * The user's home: `HOME`, or what the system's list of users has; null where neither is an absolute path. An
 * empty HOME is none, which os.homedir() takes for one. Source: os.userInfo, which throws for a user who is not listed.
 */
export function homeFolder(env: NodeJS.ProcessEnv): string | null {
  if (env.HOME?.startsWith('/')) return env.HOME
  const listed = listedHome()
  return listed?.startsWith('/') ? listed : null
}

function listedHome(): string | null {
  try {
    return userInfo().homedir
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR') return null
    throw error
  }
}
