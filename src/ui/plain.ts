import type { PosadaEvent, StepEvent } from '../events/index.ts'
import type { Palette } from './colour.ts'
import { machineLine, noticeLine, stepLine } from './event-lines.ts'
import { type Held, outputLines } from './output-lines.ts'
import type { Reporter } from './reporter.ts'
import { expandTabs, makeVisible } from './text.ts'

export interface PlainOptions {
  write: (text: string) => void
  paint: Palette
}

/** One line an event, in the order in which they come; for logs, pipes and CI. Progress is not shown. */
export function plainReporter({ write, paint }: PlainOptions): Reporter {
  const lines = outputLines()
  const show = (held: Held[]) => {
    for (const { machine, text } of held) write(`${outputLine(machine, text, paint)}\n`)
  }
  const emit = (event: PosadaEvent) => {
    switch (event.type) {
      case 'output':
        for (const text of lines.add(event)) write(`${outputLine(event.machine, text, paint)}\n`)
        return
      case 'notice':
        write(`${noticeLine(event, paint)}\n`)
        return
      case 'progress':
      case 'machines':
        return
      case 'machine':
        if (event.status !== 'work') write(`${machineLine(event, paint)}\n`)
        return
      case 'step':
        if (event.status !== 'start') show(lines.rest((held) => isOf(held, event)))
        write(`${stepLine(event, paint)}\n`)
    }
  }
  return { emit, close: () => show(lines.rest()) }
}

/** Whether a held line was written by the step. */
export function isOf(held: Held, event: StepEvent): boolean {
  return held.machine === event.machine && held.step === event.step
}

/** A line that a program wrote, behind the name of its machine. */
export function outputLine(machine: string | undefined, text: string, paint: Palette): string {
  const name = machine === undefined ? ' ' : ` ${makeVisible(machine)} `
  return `${paint.dim(`${name}|`)} ${expandTabs(text)}`
}
