import type { Readable, Writable } from 'node:stream'
import { exec as execInGuest, type RemoteCommand } from '../ssh/index.ts'
import { execByAgent } from './agent/exec-by-agent.ts'
import { withKept } from './guest/kept-connection.ts'
import { findReachable } from './guest/session.ts'
import type { Project } from './project.ts'
import type { CommandResult } from './results.ts'

export interface ExecVerbOptions {
  /** The only machine where none is named. */
  machine: string | undefined
  /** A program with its arguments, taken as they are; or text for the guest's shell, as ssh takes it. */
  command: RemoteCommand
  stdin: Readable
  stdout: Writable
  stderr: Writable
  /** By the guest agent, which reads no input. Left out: over SSH. */
  agent?: boolean
}

/**
 * Runs a command in a running machine, in the manifest's environment. The three streams are kept
 * apart and pass every byte; the result has the command's exit code.
 */
export async function exec(project: Project, options: ExecVerbOptions): Promise<CommandResult> {
  if (options.agent === true) return execByAgent(project, options)
  const reachable = await findReachable(project, options.machine)
  const { stdin, stdout, stderr } = options
  return withKept(project, reachable, async (session) => {
    const { code, signal } = await execInGuest(session, options.command, {
      env: reachable.env,
      stdin,
      stdout,
      stderr,
      signal: project.signal,
    })
    return { exitCode: code, ...(signal === null ? {} : { signal }) }
  })
}
