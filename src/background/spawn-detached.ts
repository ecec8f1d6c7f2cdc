// Not execa: that ends with us what it has started, or waits for it.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { closeAllOnExec } from '../lib/native/close-on-exec.ts'
import { childEnvironment } from './child-environment.ts'

export type Detached = ChildProcess

export interface DetachedOptions {
  stdio: StdioOptions
  /** Its variables, where it is to have others. */
  env?: Record<string, string>
}

/**
 * Starts a program that outlives this process: in a session of its own, so that neither Ctrl-C nor a closed terminal
 * reaches it, in `/`, with five variables of our environment and no descriptor but those in `stdio`.
 */
export function spawnDetached(
  program: string,
  argv: readonly string[],
  { stdio, env = childEnvironment() }: DetachedOptions,
): Detached {
  closeAllOnExec()
  return spawn(program, argv, { cwd: '/', detached: true, stdio, env })
}
