import { randomBytes } from 'node:crypto'
import { isPosadaError } from '../errors/index.ts'
import { type Channel, capture, loginFilesScript, openChannel, type SshSession } from '../ssh/index.ts'
import { isPlainWord } from './plain-word.ts'
import { type Answer, ShellScripts } from './shell-scripts.ts'
import type { StartFiles } from './start-files.ts'

/** Bytes that may come before the shell's word: a login shell's start files can be talkative. */
const talk = 64 * 1024
/** Milliseconds after which another shell is made ready beside a command that runs on. */
const soon = 1000

/** A shell that waits to be wanted. */
interface Spare {
  channel: Channel
  answer: Promise<Answer | null>
}

/**
 * Gives out shells of a guest as long as a login now would be as the connection's was: with its groups and environment.
 * One is started ahead where the login shell would start no differently later.
 */
export class Shells {
  readonly #session: SshSession
  readonly #scripts: ShellScripts
  #startFiles: StartFiles | null
  #spare: Promise<Spare | null> | null = null

  /** `loginFiles`: as they were when the connection was made; `startFiles`: null where none may be started ahead. */
  constructor(
    session: SshSession,
    { loginFiles, startFiles }: { loginFiles: string; startFiles: StartFiles | null },
  ) {
    this.#session = session
    this.#startFiles = startFiles
    this.#scripts = new ShellScripts(`posada-${randomBytes(6).toString('hex')}`, loginFiles)
  }

  /** A shell that runs the first line of its input; `changed` where it would not be as after a new login. E_SSH_LOST. */
  async open(): Promise<Channel | 'changed'> {
    const given = (await this.#openSpare()) ?? (await this.#openFresh())
    if (given !== 'changed') this.#makeSpareAfter(given)
    return given
  }

  async #openFresh(): Promise<Channel | 'changed'> {
    const channel = await openChannel(this.#session, this.#scripts.fresh)
    const answer = await this.#answer(channel)
    if (answer === 'ready') return channel
    channel.close()
    if (answer === 'changed') return 'changed'
    throw this.#session.lost()
  }

  /** Null where there is none, or it is dead or too old. */
  async #openSpare(): Promise<Channel | null> {
    const coming = this.#spare
    this.#spare = null
    const spare = await coming
    if (spare === null) return null
    spare.channel.write('\n')
    const answer = await spare.answer
    if (answer === 'ready') return spare.channel
    spare.channel.close()
    if (answer === 'unfit') this.#startFiles = null
    return null
  }

  #makeSpareAfter(channel: Channel): void {
    const timer = setTimeout(() => this.makeSpare(), soon)
    channel.once('close', () => {
      clearTimeout(timer)
      this.makeSpare()
    })
  }

  /** Starts one, unless there is one, for the next that is wanted. */
  makeSpare(): void {
    const files = this.#startFiles
    if (files !== null) this.#spare ??= this.#startSpare(files)
  }

  /** Null where the connection has ended, or the guest has enough commands at once. */
  async #startSpare(files: StartFiles): Promise<Spare | null> {
    try {
      const channel = await openChannel(this.#session, this.#scripts.spare(files))
      channel.on('error', () => undefined)
      return { channel, answer: this.#answer(channel) }
    } catch (error) {
      if (!isPosadaError(error, 'E_SSH_LOST')) throw error
      return null
    }
  }

  /** Null where it ended, or said other things. */
  #answer(channel: Channel): Promise<Answer | null> {
    return new Promise((resolve) => {
      let text = ''
      const settle = (answer: Answer | null, rest: string) => {
        channel.pause()
        channel.removeListener('data', read)
        channel.removeListener('close', closed)
        if (rest !== '') channel.unshift(Buffer.from(rest, 'latin1'))
        resolve(answer)
      }
      const closed = () => settle(null, '')
      const read = (bytes: Buffer) => {
        text += bytes.toString('latin1')
        const found = this.#scripts.find(text)
        if (found !== null) settle(found.answer, found.rest)
        else if (text.length > talk) settle(null, '')
      }
      channel.on('data', read)
      channel.once('close', closed)
    })
  }
}

/** What the files are now that a login depends on, on one line; null where the guest cannot tell. */
export async function loginFilesNow(session: SshSession): Promise<string | null> {
  const { stdout } = await capture(session, ['/bin/sh', '-c', `set -- $(${loginFilesScript()}); echo "$*"`], {
    limit: talk,
  })
  const line = stdout.trim()
  return line !== '' && isPlainWord(line) ? line : null
}
