import type { ReadStream, WriteStream } from 'node:tty'

export interface TerminalSize {
  cols: number
  rows: number
}

/**
 * Puts a terminal into raw mode, so that every key (Ctrl-C and Ctrl-Z too) is read as it is typed.
 * Returns what puts it back; that may be called more than once.
 */
export function rawMode(input: ReadStream): () => void {
  let raw = true
  input.setRawMode(true)
  const restore = () => {
    if (!raw) return
    raw = false
    process.removeListener('exit', restore)
    process.removeListener('SIGCONT', again)
    input.setRawMode(false)
  }
  // A shell sets the terminal again for a process that was stopped and goes on.
  const again = () => {
    input.setRawMode(false)
    input.setRawMode(true)
  }
  process.once('exit', restore)
  process.on('SIGCONT', again)
  return restore
}

/** Characters; 80 by 24 where the terminal does not say. */
export function terminalSize(output: WriteStream): TerminalSize {
  return { cols: output.columns || 80, rows: output.rows || 24 }
}
