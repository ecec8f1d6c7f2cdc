import type { NoticeEvent, PosadaEvent, SectionEvent, StepEvent } from '../events/index.ts'
import type { CiMarks } from './ci/model.ts'
import type { Palette } from './colour.ts'
import { machineLine, noticeLine, stepLine } from './event-lines.ts'
import { type Held, outputLines } from './output-lines.ts'
import type { Reporter } from './reporter.ts'
import { expandTabs, makeVisible } from './text.ts'

export interface PlainOptions {
  write: (text: string) => void
  paint: Palette
  /** How the log of this CI service is marked up; null: it is not. */
  marks?: CiMarks | null
}

/** One line an event, in the order in which they come; for logs, pipes and CI. Progress is not shown. */
export function plainReporter({ write, paint, marks = null }: PlainOptions): Reporter {
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
        write(annotated(event, marks) ?? `${noticeLine(event, paint)}\n`)
        return
      case 'section':
        write(sectionMark(event, marks))
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

/** A warning as the service shows it; null where it is a line like others. */
function annotated({ level, message, hint, machine }: NoticeEvent, marks: CiMarks | null): string | null {
  if (level !== 'warn' || marks === null || marks.annotation === null) return null
  const text = hint === undefined ? message : `${message}\n${hint}`
  return marks.annotation('warning', {
    title: 'posada',
    message: machine === undefined ? text : `${machine}: ${text}`,
  })
}

function sectionMark({ status, name, title }: SectionEvent, marks: CiMarks | null): string {
  if (marks === null) return ''
  const at = Date.now()
  return status === 'start' ? marks.begin({ name, title, at }) : marks.end({ name, at })
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
