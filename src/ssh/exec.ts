import { randomBytes } from 'node:crypto'
import { Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { ClientChannel } from 'ssh2'
import { channelEnd, type ExecResult, openChannel } from './channel.ts'
import { type RemoteCommand, type RemoteSetting, remoteStart } from './remote-command.ts'
import type { SshSession } from './session.ts'
import { StartMark } from './start-mark.ts'
import { stopRemote } from './stop.ts'

export interface ExecOptions extends RemoteSetting {
  /** Nothing unless given. It is left open and paused when the command ends before it does. */
  stdin?: Readable | Buffer | string
  /** Left open. What the command writes is thrown away where one is not given. */
  stdout?: Writable
  stderr?: Writable
  /** Stops the command: SIGINT, then SIGTERM, then SIGKILL, for it and all that it started. */
  signal?: AbortSignal
}

/**
 * Runs a command in the guest. The streams are kept apart, byte for byte, and a slow reader slows the
 * command down. Rejects with the signal's reason after the command has been stopped, with
 * E_SSH_LOST where the connection broke off, and with a local stream's own error (EPIPE), the
 * command being stopped first.
 */
export async function exec(
  session: SshSession,
  command: RemoteCommand,
  options: ExecOptions = {},
): Promise<ExecResult> {
  const { signal } = options
  signal?.throwIfAborted()
  const mark = `posada-${randomBytes(6).toString('hex')}`
  const start = remoteStart(command, options, session.target.user, mark)
  const channel = await openChannel(session, start.commandLine)
  const running = new Running(session, channel, mark)
  const onAbort = () => running.stop(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  try {
    running.plug(start.preamble, options)
    if (signal?.aborted) onAbort()
    return await running.result()
  } finally {
    signal?.removeEventListener('abort', onAbort)
    running.unplug()
  }
}

class Running {
  readonly #session: SshSession
  readonly #channel: ClientChannel
  readonly #end: Promise<ExecResult>
  readonly #mark: StartMark
  readonly #pid: Promise<number>
  #stopped: { reason: unknown; done: Promise<void> } | undefined
  #unplug: (() => void)[] = []

  constructor(session: SshSession, channel: ClientChannel, mark: string) {
    this.#session = session
    this.#channel = channel
    let started: (pid: number) => void = () => undefined
    this.#pid = new Promise((resolve) => {
      started = resolve
    })
    this.#mark = new StartMark(mark, started)
    this.#end = channelEnd(session, channel)
  }

  /** Joins the streams to the command's. */
  plug(preamble: string, options: ExecOptions): void {
    const channel = this.#channel
    const failed = (error: unknown) => this.stop(error)
    channel.on('error', failed)
    this.#flow(channel, options.stdout, failed)
    channel.stderr.pipe(this.#mark)
    this.#flow(this.#mark, options.stderr, failed)
    channel.write(preamble)
    const stdin = source(options.stdin)
    stdin.once('error', failed)
    stdin.pipe(channel)
    this.#unplug.push(() => {
      stdin.removeListener('error', failed)
      stdin.unpipe(channel)
      stdin.pause()
    })
  }

  /** Takes off what the caller lent. */
  unplug(): void {
    for (const undo of this.#unplug.splice(0)) undo()
  }

  async result(): Promise<ExecResult> {
    const result = await this.#end.catch((error: unknown) => {
      if (this.#stopped === undefined) throw error
      return null
    })
    if (this.#stopped === undefined && !this.#mark.readableEnded) {
      await finished(this.#mark, { writable: false })
    }
    if (this.#stopped !== undefined) {
      await this.#stopped.done
      throw this.#stopped.reason
    }
    if (result === null) throw this.#session.lost()
    return result
  }

  /** Begins to stop the command; the first reason is the one that `result` throws. */
  stop(reason: unknown): void {
    if (this.#stopped !== undefined) return
    const done = stopRemote(this.#session, this.#pid, this.#end).finally(() => this.#channel.close())
    done.catch(() => this.#channel.close())
    this.#stopped = { reason, done }
  }

  #flow(from: Readable, to: Writable | undefined, failed: (error: unknown) => void): void {
    if (to === undefined) {
      from.resume()
      return
    }
    // What cannot be written any more is still read, or the command's end would never be heard of.
    const onError = (error: unknown) => {
      from.unpipe(to)
      from.resume()
      failed(error)
    }
    to.once('error', onError)
    from.pipe(to, { end: false })
    this.#unplug.push(() => {
      to.removeListener('error', onError)
      from.unpipe(to)
    })
  }
}

function source(stdin: ExecOptions['stdin']): Readable {
  if (stdin instanceof Readable) return stdin
  return Readable.from(stdin === undefined || stdin.length === 0 ? [] : [Buffer.from(stdin)])
}
