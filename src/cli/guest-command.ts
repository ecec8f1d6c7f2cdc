import { PosadaError } from '../errors/index.ts'
import { exec, type Project, type RemoteCommand, ssh } from '../machine/index.ts'
import { Collector } from './collector.ts'

/** What `exec` and `ssh -- CMD` print with `--json`. */
export interface GuestCommandResult {
  exitCode: number
  /** The signal that ended the command, as `SIGKILL`; null where none did. */
  signal: string | null
  /** Present with `--json`; bytes that are not UTF-8 are replaced. */
  stdout?: string
  stderr?: string
  /** Whether more came than the document holds: 16 MiB a stream. */
  truncated?: boolean
}

export interface GuestCommandOptions {
  machine: string | undefined
  command: RemoteCommand
  json: boolean
  /** Whether the command gets a terminal, where this process has one. */
  tty: boolean
  /** Whether the guest agent runs it. Left out: false. */
  agent?: boolean
}

/** Runs a command in a machine and makes its exit code that of this process. */
export async function runInGuest(
  project: Project,
  options: GuestCommandOptions,
): Promise<GuestCommandResult> {
  const { machine, command, json, tty, agent = false } = options
  if (tty) return onTerminal(project, options)
  const stdout = json ? new Collector() : process.stdout
  const stderr = json ? new Collector() : process.stderr
  const { exitCode, signal } = await exec(project, {
    ...{ machine, command, agent },
    stdin: process.stdin,
    stdout,
    stderr,
  })
  process.exitCode = exitCode
  const result = { exitCode, signal: signal ?? null }
  if (!(stdout instanceof Collector) || !(stderr instanceof Collector)) return result
  return {
    ...result,
    stdout: stdout.text(),
    stderr: stderr.text(),
    truncated: stdout.truncated || stderr.truncated,
  }
}

async function onTerminal(
  project: Project,
  { machine, command, json }: GuestCommandOptions,
): Promise<GuestCommandResult> {
  if (json)
    throw new PosadaError('E_USAGE', '--tty and --json cannot be combined', {
      hint: 'leave out --tty or --json',
    })
  const { stdin, stdout, stderr } = process
  const { exitCode, signal } = await ssh(project, { machine, command, stdin, stdout, stderr })
  process.exitCode = exitCode
  return { exitCode, signal: signal ?? null }
}
