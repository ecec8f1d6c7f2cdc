import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { userId } from '../../lib/process/user-id.ts'
import { type UserPaths, userPaths } from '../../project/index.ts'

/**
 * Where the files of machines are that other hosts have here: their sockets not in XDG_RUNTIME_DIR, which goes when the last
 * connection does.
 */
export function hostedPaths(env: NodeJS.ProcessEnv): UserPaths {
  const runtime = join(tmpdir(), `posada-hosted-${userId()}`)
  return { ...userPaths(env), runtime, runtimes: [runtime] }
}
