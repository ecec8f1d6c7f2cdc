import { writeSync } from 'node:fs'
import { isErrno } from '../lib/files/errno.ts'

/**
 * Writes a line to the log of a background process, which is its standard error. One that the disk has no room for is
 * lost: a log stops no process.
 */
export function logLine(message: string): void {
  try {
    writeSync(2, `${new Date().toISOString()} ${message}\n`)
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EIO')) throw error
  }
}

/**
 * Says a line to whoever started this process, on standard output. A starter that has gone away
 * meanwhile does not matter: what was started goes on, and is found without it.
 */
export function tellStarter(line: string, log: (message: string) => void): void {
  try {
    writeSync(1, line)
  } catch (error) {
    log(`no one waits for the start: ${error}`)
  }
}
