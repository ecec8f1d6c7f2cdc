import { PosadaError } from '../../errors/index.ts'
import { readEnd } from '../../lib/files/read-end.ts'
import { plainLine } from './console.ts'

/** Looked at from the end of what a guest wrote: after a panic its kernel writes little more. */
const window = 256 * 1024
/** The kernel's words at the beginning of a line, behind a time stamp and a caller. Source: Linux, kernel/panic.c. */
const panicLine = /^(?:\[[^\]\n]{1,40}\] ?)*(Kernel panic - not syncing[^\n]*)/m

/**
 * The line with which the guest's kernel gave up, or null where it has not. Nothing before the
 * offset `from` counts, which is where the console's log stood when the machine was started. A
 * panicked guest keeps its processor busy for ever: only its console tells.
 */
export async function findPanic(consoleLog: string, from: number): Promise<string | null> {
  const line = panicLine.exec((await readEnd(consoleLog, window, { from })) ?? '')?.[1]
  return line === undefined ? null : plainLine(line)
}

/** The last that a kernel writes which does not restart itself after a panic. Source: Linux, kernel/panic.c. */
const panicEnd = /^(?:\[[^\]\n]{1,40}\] ?)*---\[ end (Kernel panic - not syncing[^\n]*?) \]---\s*$/

/**
 * The words of a panic that was the last thing the guest's console said, or null. Whatever came after it, a
 * restart say, shows that it is alive.
 */
export async function findDeath(consoleLog: string, from: number): Promise<string | null> {
  const text = ((await readEnd(consoleLog, lastWords, { from })) ?? '').trimEnd()
  const line = panicEnd.exec(text.slice(text.lastIndexOf('\n') + 1))?.[1]
  return line === undefined ? null : plainLine(line)
}

/** Long enough for the last line and empty ones behind it. */
const lastWords = 8 * 1024

/** A machine whose hypervisor goes on while its guest no longer does anything. */
export function panicked(machine: string, panic: string): PosadaError {
  return new PosadaError('E_MACHINE_CRASHED', `the kernel of machine ${machine} panicked`, {
    value: panic,
    machine,
    hint: `posada up ${machine} starts it again; posada logs ${machine} --console shows what came before`,
  })
}
