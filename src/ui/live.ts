import type { PosadaEvent, ProgressEvent, StepEvent } from '../events/index.ts'
import { formatDuration } from '../lib/units.ts'
import type { Palette } from './colour.ts'
import { noticeLine, progressText, stepLine, who } from './event-lines.ts'
import { outputLines } from './output-lines.ts'
import { isOf, outputLine } from './plain.ts'
import type { Reporter } from './reporter.ts'
import { cutTo, makeVisible } from './text.ts'

export interface LiveOptions {
  stream: Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows'>
  paint: Palette
  /** Milliseconds since any fixed moment. */
  now?: () => number
  /** Redraws by itself every 100 ms; off in tests. */
  timer?: boolean
}

interface Active {
  message: string
  machine: string | undefined
  /** Whether a step began it, and will end it. */
  announced: boolean
  progress?: ProgressEvent
  since: number
}

const INTERVAL = 100
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
/** Beyond this a step is slow enough for its time to be of interest. */
const SHOW_TIME_AFTER = 2000

/**
 * For a terminal: what is finished stands as lines above; below, one line for each step that is
 * going on, drawn anew every 100 ms and taken away when nothing goes on any more.
 */
export function liveReporter({
  stream,
  paint,
  now = () => performance.now(),
  timer = true,
}: LiveOptions): Reporter {
  const lines = outputLines()
  const active = new Map<string, Active>()
  let drawn = 0
  let ticking: NodeJS.Timeout | undefined

  const key = (event: StepEvent | ProgressEvent) => `${event.machine ?? ''}\0${event.step}`
  // To the first column too: what the user types (^C) is echoed behind the cursor.
  const clear = () => (drawn === 0 ? '' : `\r\u001b[${drawn}A\u001b[0J`)
  const draw = () => {
    const room = Math.max(1, (stream.rows || 24) - 2)
    const shown = [...active.values()].slice(0, room).map((item) => `${activeLine(item)}\n`)
    const before = clear()
    drawn = shown.length
    return before + shown.join('')
  }
  const activeLine = ({ message, machine, progress, since }: Active) => {
    const elapsed = now() - since
    const frame = FRAMES[Math.floor(now() / INTERVAL) % FRAMES.length] ?? ''
    const name = machine === undefined ? '' : `${makeVisible(machine)}: `
    const time = elapsed < SHOW_TIME_AFTER ? '' : `  ${formatDuration(elapsed)}`
    const text = progress === undefined ? makeVisible(message) : progressText(progress)
    const room = Math.max(10, (stream.columns || 80) - 3)
    const whole = cutTo(`${name}${text}${time}`, room)
    const styled = whole.startsWith(name) ? who(machine, paint) + whole.slice(name.length) : whole
    return `${paint.cyan(frame)} ${styled}`
  }
  const above = (text: string) => {
    const before = clear()
    drawn = 0
    stream.write(`${before}${text}${draw()}`)
  }
  const tick = () => {
    if (active.size > 0 && ticking === undefined && timer) {
      ticking = setInterval(() => stream.write(draw()), INTERVAL)
      ticking.unref()
    } else if (active.size === 0 && ticking !== undefined) {
      clearInterval(ticking)
      ticking = undefined
    }
  }
  const held = (event?: StepEvent) =>
    lines
      .rest((line) => event === undefined || isOf(line, event))
      .map(({ machine, text }) => `${outputLine(machine, text, paint)}\n`)
      .join('')

  const step = (event: StepEvent) => {
    if (event.status === 'start') {
      active.set(key(event), {
        message: event.message,
        machine: event.machine,
        announced: true,
        since: now(),
      })
      stream.write(draw())
    } else {
      active.delete(key(event))
      above(`${held(event)}${stepLine(event, paint)}\n`)
    }
    tick()
  }
  /** Progress of work that no step has announced is shown until it is complete. */
  const advance = (event: ProgressEvent) => {
    const item = active.get(key(event)) ?? {
      message: event.message,
      machine: event.machine,
      announced: false,
      since: now(),
    }
    if (!item.announced && event.done === event.total) active.delete(key(event))
    else active.set(key(event), { ...item, progress: event })
    tick()
  }
  const emit = (event: PosadaEvent) => {
    switch (event.type) {
      case 'step':
        return step(event)
      case 'notice':
        return above(`${noticeLine(event, paint)}\n`)
      case 'output': {
        const text = lines.add(event).map((line) => `${outputLine(event.machine, line, paint)}\n`)
        return text.length === 0 ? undefined : above(text.join(''))
      }
      case 'progress':
        return advance(event)
    }
  }
  const close = () => {
    active.clear()
    tick()
    const text = `${clear()}${held()}`
    drawn = 0
    if (text !== '') stream.write(text)
  }
  return { emit, close }
}
