import { createInterface } from 'node:readline/promises'
import { PosadaError } from '../errors/index.ts'

export interface Question {
  /** `Destroy web and db?` */
  question: string
  /** `--yes` was given. */
  yes: boolean
  /** With `--json` no one is asked. */
  json: boolean
  signal: AbortSignal
}

/** Resolves when the user agrees; E_CONFIRM when they do not, or when no one can be asked. */
export async function confirm({ question, yes, json, signal }: Question): Promise<void> {
  if (yes) return
  if (json || !canAsk()) {
    throw new PosadaError('E_CONFIRM', `this needs to be confirmed: ${question}`, { hint: 'give --yes' })
  }
  if (await askYes(question, signal)) return
  throw new PosadaError('E_CONFIRM', 'not confirmed; nothing was done')
}

/** Whether there is a terminal to ask at. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks at the terminal; only `y` and `yes` are yes. */
export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // In a terminal's raw mode Ctrl-C is a key, not a signal.
    lines.on('SIGINT', () => {
      process.stderr.write('\n')
      process.kill(process.pid, 'SIGINT')
    })
    const ended = new Promise<null>((done) => lines.once('close', () => done(null)))
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), ended])
    if (answer === null) process.stderr.write('\n')
    return /^y(es)?$/i.test(answer?.trim() ?? '')
  } finally {
    lines.close()
  }
}
