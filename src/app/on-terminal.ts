// Not execa: it takes no file that is open already, and a terminal has to be the same for all three streams.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { isErrno } from '../lib/files/errno.ts'

/**
 * Runs a program on the terminal that this process was started from, whatever its own streams are. Returns what kept it
 * from starting there, or null when it has ended, however.
 */
export async function onTerminal([program = '', ...argv]: readonly string[]): Promise<string | null> {
  let terminal: number
  try {
    terminal = openSync('/dev/tty', 'r+')
  } catch (error) {
    if (isErrno(error, 'ENXIO', 'ENOENT', 'EACCES', 'EIO')) return `there is no terminal (${error.code})`
    throw error
  }
  try {
    await once(spawn(program, argv, { stdio: [terminal, terminal, terminal] }), 'close')
    return null
  } finally {
    closeSync(terminal)
  }
}
