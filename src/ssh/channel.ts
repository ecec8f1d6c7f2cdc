import type { ClientChannel, PseudoTtyOptions } from 'ssh2'
import { PosadaError } from '../errors/index.ts'
import type { Channel, GuestShells, SshSession } from './session.ts'

/** How a remote command ended. */
export interface ExecResult {
  /** The exit code; 128 + n where signal n killed it, as a shell reports it. */
  code: number
  /** `SIGTERM`…, or null. */
  signal: string | null
}

/** Opens a channel that runs a command line in the login user's shell. E_SSH_LOST where it cannot. */
export async function openChannel(
  session: SshSession,
  commandLine: string | null,
  options: { pty?: PseudoTtyOptions } = {},
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const opened = (error: Error | undefined, channel: ClientChannel) => {
      if (error === undefined || error === null) resolve(channel)
      else reject(openError(session, error))
    }
    try {
      if (commandLine !== null) session.client.exec(commandLine, options, opened)
      else if (options.pty === undefined) session.client.shell(false, opened)
      else session.client.shell(options.pty, opened)
    } catch (error) {
      reject(error instanceof Error && error.message === 'Not connected' ? session.lost() : error)
    }
  })
}

/** Resolves when the command has ended and all it wrote was read. E_SSH_LOST where the connection ended first. */
export async function channelEnd(session: GuestShells, channel: Channel): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    let result: ExecResult | null = null
    channel.once('exit', (code: number | null | undefined, signal?: string) => {
      result = readEnd(code, signal)
    })
    channel.once('close', () => {
      if (result !== null) resolve(result)
      else reject(session.lost())
    })
  })
}

/** Resolves as soon as the command has ended, though others that it started may still write. Never where it does not say how. */
export async function commandEnd(channel: Channel): Promise<ExecResult> {
  return new Promise((resolve) => {
    channel.once('exit', (code: number | null | undefined, signal?: string) => {
      const result = readEnd(code, signal)
      if (result !== null) resolve(result)
    })
  })
}

/** Null where the server does not say how the command ended. */
function readEnd(code: number | null | undefined, signal: string | undefined): ExecResult | null {
  if (typeof code === 'number') return { code, signal: unnamed[code - 128] ?? null }
  if (typeof signal !== 'string') return null
  const number = named[signal]
  // RFC 4254, 6.10 lets a server send names of its own.
  return number === undefined ? { code: 255, signal: null } : { code: 128 + number, signal }
}

/** Numbers of x86 and Arm Linux, whatever the host is, of the signals that SSH has names for. Source: signal(7). */
const named: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
}

/** The others, told by an exit code that a program hardly has of its own (supervised.ts). */
const unnamed: Record<number, string> = {
  5: 'SIGTRAP',
  7: 'SIGBUS',
  16: 'SIGSTKFLT',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  26: 'SIGVTALRM',
  27: 'SIGPROF',
  29: 'SIGIO',
  30: 'SIGPWR',
  31: 'SIGSYS',
}

function openError(session: SshSession, error: Error): PosadaError {
  if (!('reason' in error)) return session.lost()
  return new PosadaError('E_SSH_LOST', `the guest refused to start another command (${error.message})`, {
    machine: session.target.hostAlias,
    hint: "its SSH server limits the sessions of a connection: see MaxSessions in the guest's sshd_config",
    cause: error,
  })
}
