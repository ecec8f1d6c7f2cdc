import { createReadStream } from 'node:fs'
import type { ConsoleProbe } from '../../manifest/index.ts'
import { plainLine } from '../observed/console.ts'
import { sizeOf } from '../observed/follow-file.ts'
import type { Answer, Looking } from './answer.ts'

/** Characters of a line that never ends in which the text is looked for at once, and how far the next piece is behind. */
const piece = 800
const step = 500

/** Ready as soon as a line that the guest has written to its console since it was started holds the text. */
export async function probeConsole(
  { text }: ConsoleProbe,
  { console, signal }: Pick<Looking, 'console' | 'signal'>,
): Promise<Answer> {
  let last = ''
  for await (const line of linesOf(console, signal)) {
    const plain = plainLine(line)
    if (plain.includes(text)) return { ready: true }
    if (plain !== '') last = plain
  }
  const answer = `its console does not say ${JSON.stringify(text)}`
  return { ready: false, answer, ...(last === '' ? {} : { details: [last] }) }
}

async function* linesOf({ path, from }: Looking['console'], signal: AbortSignal): AsyncGenerator<string> {
  const size = (await sizeOf(path)) ?? 0
  // One that is shorter than it was has been begun again.
  const start = size < from ? 0 : from
  if (size === start) return
  let open = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', start, end: size - 1, signal })) {
    const lines = (open + chunk).split(/[\r\n]+/)
    open = lines.pop() ?? ''
    for (const line of lines) yield* piecesOf(line)
    while (open.length > piece) {
      yield open.slice(0, piece)
      open = open.slice(step)
    }
  }
  yield open
}

function* piecesOf(line: string): Generator<string> {
  for (let from = 0; from === 0 || from + piece - step < line.length; from += step)
    yield line.slice(from, from + piece)
}
