import type { Readable, Writable } from 'node:stream'
import { ReadStream, WriteStream } from 'node:tty'
import type { PseudoTtyOptions } from 'ssh2'
import { PosadaError } from '../errors/index.ts'
import { capture } from './capture.ts'
import { channelEnd, type ExecResult, openChannel } from './channel.ts'
import { EscapeFilter } from './escape.ts'
import { exec } from './exec.ts'
import { type RemoteCommand, settingLines, startLine } from './remote-command.ts'
import type { Channel, SshSession } from './session.ts'
import { supervised } from './supervised.ts'
import { rawMode, type TerminalSize, terminalSize } from './terminal.ts'

export interface ShellOptions {
  /** The process's own streams. */
  stdin: Readable
  stdout: Writable
  stderr: Writable
  env?: Record<string, string>
  /** What runs instead of the login shell. */
  command?: RemoteCommand
  /** The local terminal's type; TERM of the process unless given. */
  term?: string
  signal?: AbortSignal
}

/**
 * The login user's shell, or a command. On a terminal it is interactive: every key goes to the guest, the window's
 * size follows, `~.` at the start of a line ends the connection (exit code 255, as ssh gives). The
 * terminal is put back however it ends. Where stdin is not a terminal, the shell reads commands from
 * it (a command its input), and stdout and stderr are kept apart. Rejects with E_SSH_LOST or the signal's reason.
 */
export async function openShell(session: SshSession, options: ShellOptions): Promise<ExecResult> {
  const { stdin, stdout, signal } = options
  signal?.throwIfAborted()
  if (!(stdin instanceof ReadStream && stdout instanceof WriteStream)) {
    return exec(session, options.command ?? ['/bin/sh', '-c', loginShell], options)
  }
  const pty = { size: terminalSize(stdout), term: options.term ?? process.env.TERM ?? 'xterm' }
  return interact(session, await openTerminal(session, { ...options, ...pty }), { stdin, stdout, signal })
}

export interface TerminalOptions extends Pick<ShellOptions, 'env' | 'command'> {
  size: TerminalSize
  /** The terminal's type, as in TERM. */
  term: string
}

export interface Terminal {
  channel: Channel
  resize(size: TerminalSize): void
}

/** The same shell or command on a terminal in the guest, for whoever shows it. E_SSH_LOST, E_COPY. */
export async function openTerminal(session: SshSession, options: TerminalOptions): Promise<Terminal> {
  const pty: PseudoTtyOptions = { ...options.size, term: options.term }
  const channel = await openChannel(session, await shellCommand(session, options), { pty })
  return { channel, resize: ({ cols, rows }) => channel.setWindow(rows, cols, 0, 0) }
}

/** For a POSIX shell, which starts the user's own as a login shell. */
const loginShell = 'exec "${SHELL:-/bin/sh}" -l'

/** Milliseconds for the guest to close a channel that was closed from here; its shell may not want to end. */
const leavePatience = 1000

async function interact(
  session: SshSession,
  { channel, resize }: Terminal,
  { stdin, stdout, signal }: { stdin: ReadStream; stdout: WriteStream; signal: AbortSignal | undefined },
): Promise<ExecResult> {
  const filter = new EscapeFilter()
  let leaving: 'escape' | 'abort' | undefined
  let giveUp: () => void = () => undefined
  const gone = new Promise<null>((resolve) => {
    giveUp = () => resolve(null)
  })
  const leave = (why: 'escape' | 'abort') => {
    leaving ??= why
    channel.close()
    setTimeout(giveUp, leavePatience).unref()
  }
  const onData = (typed: Buffer) => {
    const { send, end } = filter.take(typed)
    if (send.length > 0) channel.write(send)
    if (end) leave('escape')
  }
  // In raw mode Ctrl-D is a key like any other: the end means that the terminal is gone.
  const onEnd = () => leave('escape')
  const onAbort = () => leave('abort')
  const onResize = () => resize(terminalSize(stdout))
  const restore = rawMode(stdin)
  try {
    channel.pipe(stdout, { end: false })
    channel.stderr.pipe(stdout, { end: false })
    stdin.on('data', onData).on('end', onEnd)
    stdout.on('resize', onResize)
    signal?.addEventListener('abort', onAbort)
    onResize()
    const end = channelEnd(session, channel).catch((error: unknown) => {
      // A channel that was closed from here need not say how its shell ended.
      if (leaving === undefined) throw error
      return null
    })
    const result = await Promise.race([end, gone])
    if (leaving === 'abort') throw signal?.reason
    return result === null || leaving === 'escape' ? { code: 255, signal: null } : result
  } finally {
    signal?.removeEventListener('abort', onAbort)
    stdout.removeListener('resize', onResize)
    stdin.removeListener('data', onData).removeListener('end', onEnd)
    stdin.pause()
    channel.unpipe(stdout)
    restore()
  }
}

/**
 * Null: the server starts the login shell itself. An environment and a command come through a file
 * that only the user can read and that is gone before they are used: they must not be on a command
 * line, and a terminal would echo them.
 */
async function shellCommand(
  session: SshSession,
  { env = {}, command }: Pick<ShellOptions, 'env' | 'command'>,
): Promise<string | null> {
  const settings = settingLines({ env })
  if (settings === '' && command === undefined) return null
  const start =
    command === undefined ? `${settings}${loginShell}` : supervised(`${settings}${startLine(command)}`)
  const store = 'umask 077; f=$(mktemp) && { echo "rm -f $f"; cat; } > "$f" && echo "$f"'
  const stdin = Buffer.from(`${start}\n`, 'latin1')
  const { stdout, stderr } = await capture(session, ['/bin/sh', '-c', store], { stdin })
  const file = stdout.trim()
  if (!/^\/[\w./-]+$/.test(file)) throw noEnvironment(session, stderr)
  return `exec /bin/sh -c '. ${file}'`
}

function noEnvironment(session: SshSession, stderr: string): PosadaError {
  const machine = session.target.hostAlias
  return new PosadaError('E_COPY', `environment and command could not be passed to ${machine}`, {
    machine,
    details: stderr.trimEnd().split('\n').slice(-5),
    hint: 'a temporary file could not be made in the guest; its disk may be full',
  })
}
