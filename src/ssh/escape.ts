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
        if (byte === DOT) return { send: Buffer.from(send), end: true }
        if (byte !== TILDE) send.push(TILDE)
        this.#state = 'line'
      } else if (this.#state === 'start' && byte === TILDE) {
        this.#state = 'tilde'
        continue
      }
      send.push(byte)
      this.#state = this.#after(byte)
    }
    return { send: Buffer.from(send), end: false }
  }

  #after(byte: number): 'start' | 'report' | 'line' {
    if (byte === RETURN || byte === NEWLINE) return 'start'
    if (this.#state === 'start' && byte === ESCAPE) return 'report'
    if (this.#state !== 'report') return 'line'
    if (byte === REPORT_END) return 'start'
    return REPORT.includes(byte) ? 'report' : 'line'
  }
}

const ESCAPE = 0x1b
const REPORT = Buffer.from('[0123456789;')
const REPORT_END = 0x52

const TILDE = 0x7e
const DOT = 0x2e
const RETURN = 0x0d
const NEWLINE = 0x0a
