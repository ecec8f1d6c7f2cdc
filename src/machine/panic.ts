import { readEnd } from '../lib/read-end.ts'
import { plainLine } from './console.ts'

/** Looked at from the end of what a guest wrote: after a panic its kernel writes little more. */
const WINDOW = 256 * 1024
/** The kernel's words at the beginning of a line, behind a time stamp and a caller. Source: Linux, kernel/panic.c. */
const PANIC = /^(?:\[[^\]\n]{1,40}\] ?)*(Kernel panic - not syncing[^\n]*)/m

/**
 * The line with which the guest's kernel gave up, or null where it has not. Nothing before the
 * offset `from` counts, which is where the console's log stood when the machine was started. A
 * panicked guest keeps its processor busy for ever: nobody but its console tells.
 */
export async function findPanic(consoleLog: string, from: number): Promise<string | null> {
  const line = PANIC.exec((await readEnd(consoleLog, WINDOW, from)) ?? '')?.[1]
  return line === undefined ? null : plainLine(line)
}
