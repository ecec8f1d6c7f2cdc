import type { MachineEvent, NoticeEvent, ProgressEvent, StepEvent } from '../events/index.ts'
import { formatDuration, formatSize } from '../lib/values/units.ts'
import type { Palette } from './colour.ts'
import { makeVisible } from './text.ts'

/** One finished (or begun) step as a line, without the line feed. */
export function stepLine(event: StepEvent, paint: Palette): string {
  const took = event.ms === undefined ? '' : paint.dim(` (${formatDuration(event.ms)})`)
  return `${mark(event.status, paint)} ${who(event.machine, paint)}${makeVisible(event.message)}${took}`
}

/** How one of several machines stands, as a line. */
export function machineLine({ machine, status, message, ms }: MachineEvent, paint: Palette): string {
  const took = ms === undefined ? '' : paint.dim(` (${formatDuration(ms)})`)
  return `${mark(status, paint)} ${who(machine, paint)}${makeVisible(message)}${took}`
}

/** The sign before a line. */
export function mark(status: StepEvent['status'] | MachineEvent['status'], paint: Palette): string {
  switch (status) {
    case 'start':
    case 'wait':
    case 'work':
      return paint.dim('·')
    case 'done':
      return paint.green('✓')
    case 'skip':
      return paint.dim('-')
    case 'fail':
      return paint.red('✗')
  }
}

/** A notice as one or two lines, without the last line feed. */
export function noticeLine(event: NoticeEvent, paint: Palette): string {
  const label = event.level === 'warn' ? paint.yellow('warning:') : paint.blue('note:')
  const hint = event.hint === undefined ? '' : `\n  ${paint.cyan('hint:')} ${makeVisible(event.hint)}`
  return `${label} ${who(event.machine, paint)}${makeVisible(event.message)}${hint}`
}

/** How far a piece of work has got: `fetching 45% (118MiB of 262MiB, 12MiB/s, 12s left)`. */
export function progressText(event: ProgressEvent): string {
  const amount = (value: number) => (event.unit === 'bytes' ? formatSize(value) : String(value))
  const message = makeVisible(event.message)
  const rate = event.rate === undefined ? [] : [`${amount(Math.round(event.rate))}/s`]
  if (event.total === undefined || event.total <= 0)
    return [`${message} ${amount(event.done)}`, ...rate].join(', ')
  const percent = Math.floor((100 * Math.min(event.done, event.total)) / event.total)
  const far = [
    `${amount(event.done)} of ${amount(event.total)}`,
    ...rate,
    ...timeLeft(event.total - event.done, event.rate),
  ]
  return `${message} ${percent}% (${far.join(', ')})`
}

function timeLeft(missing: number, rate = 0): string[] {
  const seconds = Math.ceil(missing / rate)
  return rate > 0 && missing > 0 && seconds < 86_400 ? [`${formatDuration(seconds * 1000)} left`] : []
}

/** The name of a machine before its text, where there is one. */
export function who(machine: string | undefined, paint: Palette): string {
  return machine === undefined ? '' : `${paint.bold(makeVisible(machine))}: `
}
