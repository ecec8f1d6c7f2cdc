import { randomBytes } from 'node:crypto'
import { type Channel, capture, loginFilesScript, openChannel, type SshSession } from '../ssh/index.ts'

/** Words for a line of shell: names of files and numbers. */
const plain = /^[\w./: -]+$/
/** Bytes that may come before the shell's word: a login shell's start files can be talkative. */
const talk = 64 * 1024

/** Gives out shells of a guest as long as a login now would be as the connection's was: with its groups and environment. */
export class Shells {
  readonly #session: SshSession
  readonly #line: string
  readonly #ready: string
  readonly #changed: string

  /** `loginFiles`: as they were when the connection was made. */
  constructor(session: SshSession, loginFiles: string) {
    const mark = `posada-${randomBytes(6).toString('hex')}`
    this.#session = session
    this.#ready = `${mark} ready\n`
    this.#changed = `${mark} changed\n`
    const look = `set -- $(${loginFilesScript}); [ "$*" = "${loginFiles}" ]`
    const begin = `echo ${mark} ready; IFS= read -r l && eval "$l"`
    this.#line = `exec /bin/sh -c 'if ${look}; then ${begin}; else echo ${mark} changed; fi'`
  }

  /** A shell that runs the first line of its input; `changed` where it would not be as after a new login. E_SSH_LOST. */
  async open(): Promise<Channel | 'changed'> {
    const channel = await openChannel(this.#session, this.#line)
    const said = await this.#word(channel)
    if (said === this.#ready) return channel
    channel.close()
    if (said === this.#changed) return 'changed'
    throw this.#session.lost()
  }

  #word(channel: Channel): Promise<string | null> {
    return new Promise((resolve) => {
      let text = ''
      const settle = (word: string | null, rest: string) => {
        channel.pause()
        channel.removeListener('data', read)
        channel.removeListener('close', closed)
        if (rest !== '') channel.unshift(Buffer.from(rest, 'latin1'))
        resolve(word)
      }
      const closed = () => settle(null, '')
      const read = (bytes: Buffer) => {
        text += bytes.toString('latin1')
        for (const word of [this.#ready, this.#changed]) {
          const at = text.indexOf(word)
          if (at >= 0) return settle(word, text.slice(at + word.length))
        }
        if (text.length > talk) settle(null, '')
      }
      channel.on('data', read)
      channel.once('close', closed)
    })
  }
}

/** What the files are now that a login depends on, on one line; null where the guest cannot tell. */
export async function loginFilesNow(session: SshSession): Promise<string | null> {
  const { stdout } = await capture(session, ['/bin/sh', '-c', `set -- $(${loginFilesScript}); echo "$*"`], {
    limit: talk,
  })
  const line = stdout.trim()
  return plain.test(line) ? line : null
}
