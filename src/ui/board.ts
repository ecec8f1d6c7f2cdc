import type { MachineEvent, ProgressEvent, StepEvent } from '../events/index.ts'
import { formatDuration } from '../lib/values/units.ts'
import type { Palette } from './colour.ts'
import { mark, progressText } from './event-lines.ts'
import { cutTo, displayWidth, makeVisible, padTo } from './text.ts'

/** Several machines that a command works on: a line each, in an order that does not change. */
export interface Board {
  /** Takes an event that concerns one of its machines; false for another. */
  take(event: MachineEvent | StepEvent | ProgressEvent): boolean
  /** The lines as they are now: `rows` at most, each of `columns` at most. */
  lines(view: BoardView): string[]
}

export interface BoardView {
  rows: number
  columns: number
  /** Milliseconds, by the same clock as the board's. */
  now: number
  /** The sign of work that goes on. */
  spinner: string
}

interface Row {
  status: MachineEvent['status']
  text: string
  since: number
  /** Once it has ended. */
  ms?: number
}

/** Beyond this, work is slow enough for its time to be of interest. */
const showTimeAfter = 2000
const widestName = 24

export function makeBoard(machines: readonly string[], paint: Palette, now: () => number): Board {
  const rows = new Map<string, Row>(
    machines.map((name) => [name, { status: 'wait', text: '', since: now() }]),
  )
  const width = Math.min(widestName, Math.max(...machines.map((name) => displayWidth(makeVisible(name)))))

  const take = (event: MachineEvent | StepEvent | ProgressEvent): boolean => {
    const row = event.machine === undefined ? undefined : rows.get(event.machine)
    if (row === undefined) return false
    if (event.type === 'progress') row.text = progressText(event)
    else if (event.type === 'step') row.text = event.status === 'start' ? event.message : row.text
    else {
      if (event.status !== row.status) row.since = now()
      row.status = event.status
      row.text = event.message
      if (event.ms !== undefined) row.ms = event.ms
    }
    return true
  }

  const line = (name: string, row: Row, { columns, now: at, spinner }: BoardView): string => {
    const elapsed = row.ms ?? at - row.since
    const shown = row.ms !== undefined || (row.status === 'work' && elapsed >= showTimeAfter)
    const time = shown ? `  ${formatDuration(elapsed)}` : ''
    const title = padTo(cutTo(makeVisible(name), width), width)
    const room = Math.max(10, columns - 4 - width - displayWidth(time))
    const [text = ''] = makeVisible(row.text).split('\n')
    const sign = row.status === 'work' ? paint.cyan(spinner) : mark(row.status, paint)
    const styled = row.status === 'wait' ? paint.dim(cutTo(text, room)) : cutTo(text, room)
    return `${sign} ${paint.bold(title)} ${styled}${paint.dim(time)}`
  }

  const lines = (view: BoardView): string[] => {
    const visible = choose(rows, view.rows)
    const shown = [...rows].filter(([name]) => visible.has(name)).map(([name, row]) => line(name, row, view))
    const hidden = [...rows].filter(([name]) => !visible.has(name)).map(([, row]) => row.status)
    return hidden.length === 0 ? shown : [...shown, paint.dim(cutTo(summary(hidden), view.columns - 1))]
  }
  return { take, lines }
}

/** Where not all have room, those that have something to tell: at work, failed, then waiting, then done. */
function choose(rows: ReadonlyMap<string, Row>, room: number): Set<string> {
  if (rows.size <= room) return new Set(rows.keys())
  const urgency = ['work', 'fail', 'wait', 'done']
  const ordered = [...rows].sort(([, a], [, b]) => urgency.indexOf(a.status) - urgency.indexOf(b.status))
  return new Set(ordered.slice(0, Math.max(0, room - 1)).map(([name]) => name))
}

/** `… 14 more: 11 done, 3 waiting`. */
function summary(hidden: readonly MachineEvent['status'][]): string {
  const words = { work: 'at work', fail: 'failed', wait: 'waiting', done: 'done' }
  const parts = Object.entries(words).flatMap(([status, word]) => {
    const count = hidden.filter((one) => one === status).length
    return count === 0 ? [] : [`${count} ${word}`]
  })
  return `… ${hidden.length} more: ${parts.join(', ')}`
}
