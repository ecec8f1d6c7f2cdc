import { isPosadaError } from '../errors/index.ts'
import { exec, type SshSession } from '../ssh/index.ts'

/**
 * Removes what a step that was cut short left in the guest. A guest that cannot be reached any more
 * keeps it: the failure that led here is the one to tell.
 */
export async function removeLater(session: SshSession, path: string, user: string): Promise<void> {
  try {
    await exec(session, ['rm', '-rf', path], { user })
  } catch (error) {
    if (!isPosadaError(error, 'E_SSH_LOST')) throw error
  }
}
