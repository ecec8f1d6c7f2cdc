import { isPosadaError } from '../errors/index.ts'
import { exec, quote, type SshSession } from '../ssh/index.ts'

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

/**
 * Lines of a shell script that remove a path however the script ends. A connection that breaks off
 * reaches it as an end of stdin and as SIGPIPE at the next word it says, which would end it without
 * the EXIT trap (dash, busybox).
 */
export function removeAtEnd(path: string): string {
  return `trap ${quote(`rm -rf ${quote(path)}`)} EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM`
}
