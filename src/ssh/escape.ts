/**
 * Looks through what the user types for OpenSSH's escape: `~.` at the start of a line ends the
 * connection, `~~` is a single `~`. Source: ssh(1), Escape Characters.
 */
export class EscapeFilter {
  #state: 'start' | 'tilde' | 'line' = 'start'

  /** What to send on, and whether the connection is to be ended. */
  take(typed: Buffer): { send: Buffer; end: boolean } {
    const send: number[] = []
    for (const byte of typed) {
      if (this.#state === 'tilde') {
        if (byte === DOT) return { send: Buffer.from(send), end: true }
        if (byte !== TILDE) send.push(TILDE)
        this.#state = 'line'
      } else if (this.#state === 'start' && byte === TILDE) {
        this.#state = 'tilde'
        continue
      }
      send.push(byte)
      this.#state = byte === RETURN || byte === NEWLINE ? 'start' : 'line'
    }
    return { send: Buffer.from(send), end: false }
  }
}

const TILDE = 0x7e
const DOT = 0x2e
const RETURN = 0x0d
const NEWLINE = 0x0a
