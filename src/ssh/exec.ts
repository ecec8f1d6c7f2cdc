import { randomBytes } from 'node:crypto'
import { Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { sleep } from '../lib/async/sleep.ts'
import { deadlineIn } from '../lib/async/time-limit.ts'
import { channelEnd, commandEnd, type ExecResult } from './channel.ts'
import { type RemoteCommand, type RemoteSetting, remoteStart } from './remote-command.ts'
import type { Channel, GuestShells } from './session.ts'
import { StartMark } from './start-mark.ts'
import { stopRemote } from './stop.ts'

export interface ExecOptions extends RemoteSetting {
  /** Nothing unless given. It is left open and paused when the command ends before it does. */
  stdin?: Readable | Buffer | string
  /** Left open. What the command writes is thrown away where one is not given. */
  stdout?: Writable
  stderr?: Writable
  /**
   * Whether to be done when the command itself has ended, and its output has come, although what it left in the
   * background could still write. Else an OpenSSH server waits for all that has the output open, as ssh does.
   */
  leaveBackground?: boolean
  /** Stops the command: SIGINT, then SIGTERM, then SIGKILL, for it and all that it started. */
  signal?: AbortSignal
}

/**
 * Runs a command in the guest. The streams are kept apart, byte for byte, and a slow reader slows the
 * command down; what the login shell's start files write to stdout is not in it. Rejects with the
 * signal's reason after the command has been stopped, with E_SSH_LOST where the connection broke off,
 * and with a local stream's own error (EPIPE), the command being stopped first.
 */
export async function exec(
  session: GuestShells,
  command: RemoteCommand,
  options: ExecOptions = {},
): Promise<ExecResult> {
  const { signal } = options
  signal?.throwIfAborted()
  const mark = `posada-${randomBytes(6).toString('hex')}`
  const start = remoteStart(command, options, { loginUser: session.target.user, mark })
  const channel = await session.boot()
  const running = new Running(session, channel, mark)
  const onAbort = () => running.stop(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  try {
    running.plug(start, options)
    if (signal?.aborted) onAbort()
    return await running.result(options.leaveBackground ?? false)
  } finally {
    signal?.removeEventListener('abort', onAbort)
    running.unplug()
  }
}

/** Milliseconds: output is taken for complete after so long a silence, or when the grace is over. */
const output = { silence: 300, grace: 3000, look: 50 }

class Running {
  readonly #session: GuestShells
  readonly #channel: Channel
  readonly #closed: Promise<ExecResult>
  readonly #exited: Promise<ExecResult>
  readonly #stdout: StartMark
  readonly #stderr: StartMark
  readonly #pid: Promise<number>
  #stopped: { reason: unknown; done: Promise<void> } | undefined
  #unplug: (() => void)[] = []

  constructor(session: GuestShells, channel: Channel, mark: string) {
    this.#session = session
    this.#channel = channel
    let started: (pid: number) => void = () => undefined
    this.#pid = new Promise((resolve) => {
      started = resolve
    })
    const onMark = (text: string) => started(Number.parseInt(text, 10))
    this.#stdout = new StartMark({ mark, dropBefore: true })
    this.#stderr = new StartMark({ mark, dropBefore: false, onMark })
    this.#closed = channelEnd(session, channel)
    this.#exited = commandEnd(channel)
  }

  /** Joins the streams to the command's. */
  plug(start: Buffer, options: ExecOptions): void {
    const channel = this.#channel
    const failed = (error: unknown) => this.stop(error)
    channel.on('error', failed)
    channel.pipe(this.#stdout)
    channel.stderr.pipe(this.#stderr)
    this.#flow(this.#stdout, options.stdout, failed)
    this.#flow(this.#stderr, options.stderr, failed)
    channel.write(start)
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

  async result(leaveBackground: boolean): Promise<ExecResult> {
    const ends = [this.#drained()]
    if (leaveBackground) ends.push(this.#exited.then((result) => this.#afterGrace(result)))
    const result = await Promise.race(ends).catch((error: unknown) => {
      if (this.#stopped === undefined) throw error
      return null
    })
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
    const done = stopRemote(this.#session, this.#pid, this.#closed).finally(() => this.#channel.close())
    done.catch(() => this.#channel.close())
    this.#stopped = { reason, done }
  }

  async #drained(): Promise<ExecResult> {
    const result = await this.#closed
    for (const stream of [this.#stdout, this.#stderr])
      if (this.#stopped === undefined && !stream.readableEnded) await finished(stream, { writable: false })
    return result
  }

  /** What the command itself wrote may still be on its way. */
  async #afterGrace(result: ExecResult): Promise<ExecResult> {
    const grace = deadlineIn(output.grace)
    let silence = deadlineIn(output.silence)
    for (let seen = -1; !silence.isOver() && !grace.isOver(); await sleep(output.look)) {
      const now = this.#stdout.seen + this.#stderr.seen
      if (now !== seen) silence = deadlineIn(output.silence)
      seen = now
    }
    this.#channel.close()
    return result
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
