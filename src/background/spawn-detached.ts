import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { closeAllOnExec } from '../lib/native/close-on-exec.ts'
import { childEnvironment } from '../lib/process/child-environment.ts'

/**
 * Starts a program that outlives this process: in a session of its own, so that neither Ctrl-C nor a closed terminal
 * reaches it, in `/`, with five variables of our environment and no descriptor but those in `stdio`. By Node itself:
 * execa ends with us what it has started, or waits for it.
 */
export function spawnDetached(program: string, argv: readonly string[], stdio: StdioOptions): ChildProcess {
  closeAllOnExec()
  return spawn(program, argv, { cwd: '/', detached: true, stdio, env: childEnvironment() })
}
