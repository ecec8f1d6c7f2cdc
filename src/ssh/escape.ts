/**
 * Looks through what the user types for OpenSSH's escape: `~.` at the start of a line ends the
 * connection, `~~` is a single `~`. Source: ssh(1), Escape Characters. A terminal's report of where
 * its cursor is (ECMA-48, 8.3.14 CPR), which BusyBox's shell asks for at each prompt, is not typed
 * and leaves the start of a line what it is.
 */
export class EscapeFilter {
  #state: 'start' | 'tilde' | 'report' | 'line' = 'start'

  /** What to send on, and whether the connection is to be ended. */
  take(typed: Buffer): { send: Buffer; end: boolean } {
    const send: number[] = []
    for (const byte of typed) {
      if (this.#state === 'tilde') {
        if (byte === dot) return { send: Buffer.from(send), end: true }
        if (byte !== tilde) send.push(tilde)
        this.#state = 'line'
      } else if (this.#state === 'start' && byte === tilde) {
        this.#state = 'tilde'
        continue
      }
      send.push(byte)
      this.#state = this.#after(byte)
    }
    return { send: Buffer.from(send), end: false }
  }

  #after(byte: number): 'start' | 'report' | 'line' {
    if (byte === carriageReturn || byte === newline) return 'start'
    if (this.#state === 'start' && byte === escapeByte) return 'report'
    if (this.#state !== 'report') return 'line'
    if (byte === reportEnd) return 'start'
    return report.includes(byte) ? 'report' : 'line'
  }
}

const escapeByte = 0x1b
const report = Buffer.from('[0123456789;')
const reportEnd = 0x52

const tilde = 0x7e
const dot = 0x2e
const carriageReturn = 0x0d
const newline = 0x0a
