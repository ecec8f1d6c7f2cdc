import type { Readable, Writable } from 'node:stream'
import { openShell, type RemoteCommand } from '../ssh/index.ts'
import { findReachable, withSession } from './guest/session.ts'
import type { Project } from './project.ts'
import type { CommandResult } from './results.ts'

export interface SshVerbOptions {
  /** The only machine where none is named. */
  machine: string | undefined
  /** What runs instead of the login shell. */
  command?: RemoteCommand
  /** The process's own streams. */
  stdin: Readable
  stdout: Writable
  stderr: Writable
}

/** The login user's shell, or a command, in a running machine: on a terminal interactive, else fed from stdin. */
export async function ssh(project: Project, options: SshVerbOptions): Promise<CommandResult> {
  const reachable = await findReachable(project, options.machine)
  const { command, stdin, stdout, stderr } = options
  return withSession(project, reachable, async (session) => {
    const { env } = reachable
    const { code, signal } = await openShell(session, {
      stdin,
      stdout,
      stderr,
      env,
      signal: project.signal,
      ...(command === undefined ? {} : { command }),
    })
    return { exitCode: code, ...(signal === null ? {} : { signal }) }
  })
}
