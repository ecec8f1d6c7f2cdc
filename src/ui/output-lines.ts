import type { OutputEvent } from '../events/index.ts'
import { plainOutput } from './text.ts'

/** A line longer than this is passed on in pieces. */
const lineLimit = 4096

/** Puts what programs wrote together to whole lines, apart for each machine, step and stream. */
export interface OutputLines {
  /** The lines that this piece completes. */
  add(event: OutputEvent): string[]
  /** The last line of each source where no line feed came; nothing is held back afterwards. */
  rest(belongs?: (held: Held) => boolean): Held[]
}

export interface Held {
  machine: string | undefined
  step: string
  text: string
}

export function outputLines(): OutputLines {
  const held = new Map<string, Held>()
  return {
    add(event) {
      const key = `${event.machine ?? ''}\0${event.step}\0${event.stream}`
      const pieces = `${held.get(key)?.text ?? ''}${event.text}`.split('\n')
      let last = pieces.pop() ?? ''
      while (last.length > lineLimit) {
        pieces.push(last.slice(0, lineLimit))
        last = last.slice(lineLimit)
      }
      if (last === '') held.delete(key)
      else held.set(key, { machine: event.machine, step: event.step, text: last })
      return pieces.map(readable)
    },
    rest(belongs = () => true) {
      const out: Held[] = []
      for (const [key, value] of held) {
        if (!belongs(value)) continue
        held.delete(key)
        out.push({ ...value, text: readable(value.text) })
      }
      return out
    },
  }
}

/** What a terminal would show in the end: the text after the last carriage return, without colours. */
function readable(line: string): string {
  const text = line.replace(/\r+$/, '')
  return plainOutput(text.slice(text.lastIndexOf('\r') + 1))
}
