import type { PosadaEvent, ProgressEvent, StepEvent } from '../events/index.ts'
import { formatDuration } from '../lib/values/units.ts'
import { type Board, makeBoard } from './board.ts'
import type { Palette } from './colour.ts'
import { noticeLine, progressText, stepLine, who } from './event-lines.ts'
import { outputLines } from './output-lines.ts'
import { isOf, outputLine } from './plain.ts'
import type { Reporter } from './reporter.ts'
import { makeScreen } from './screen.ts'
import type { Spinner } from './spinner.ts'
import { cutTo, makeVisible } from './text.ts'

export interface LiveOptions {
  stream: Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows'>
  paint: Palette
  /** Milliseconds since any fixed moment. */
  now?: () => number
  /** Redraws by itself every 100 ms; off in tests. */
  timer?: boolean
  /** Draws the line where a single thing is going on; until it is there, and without it, the board's way does. */
  spinner?: (frames: readonly string[], interval: number) => Promise<Spinner>
}

interface Active {
  message: string
  machine: string | undefined
  /** Whether a step began it, and will end it. */
  announced: boolean
  progress?: ProgressEvent
  since: number
}

const frameInterval = 100
const spinnerFrames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
/** Beyond this a step is slow enough for its time to be of interest. */
const showTimeAfter = 2000

/**
 * For a terminal: what is finished stands as lines above; below, one line for each step that is
 * going on, drawn again every 100 ms and taken away when nothing is going on any longer. A single one is ora's.
 * Where a command works on several machines, each has one line below from the beginning to the end, in a fixed
 * order, and only what their programs write and what is to be noticed goes above.
 */
export function liveReporter({
  stream,
  paint,
  now = () => performance.now(),
  timer = true,
  spinner: load,
}: LiveOptions): Reporter {
  const lines = outputLines()
  const active = new Map<string, Active>()
  const screen = makeScreen(stream)
  let board: Board | undefined
  let ticking: NodeJS.Timeout | undefined
  let spinner: Spinner | undefined
  let loading = false

  const key = (event: StepEvent | ProgressEvent) => `${event.machine ?? ''}\0${event.step}`
  const frame = () => spinnerFrames[Math.floor(now() / frameInterval) % spinnerFrames.length] ?? ''
  const draw = (above = '') => {
    const [single] = active.values()
    if (spinner?.usable() === true && single !== undefined && active.size === 1 && board === undefined) {
      screen.show([], above)
      return spinner.show(activeLine(single))
    }
    spinner?.stop()
    const rows = Math.max(1, (stream.rows || 24) - 2)
    const columns = stream.columns || 80
    const machines = board?.lines({ rows, columns, now: now(), spinner: frame() }) ?? []
    const others = [...active.values()].map((item) => `${paint.cyan(frame())} ${activeLine(item)}`)
    screen.show([...machines, ...others].slice(0, rows), above)
  }
  /** The line of a step behind its sign. */
  const activeLine = ({ message, machine, progress, since }: Active) => {
    const elapsed = now() - since
    const name = machine === undefined ? '' : `${makeVisible(machine)}: `
    const time = elapsed < showTimeAfter ? '' : `  ${formatDuration(elapsed)}`
    const text = progress === undefined ? makeVisible(message) : progressText(progress)
    const room = Math.max(10, (stream.columns || 80) - 3)
    const whole = cutTo(`${name}${text}${time}`.replaceAll('\n', ' '), room)
    return whole.startsWith(name) ? who(machine, paint) + whole.slice(name.length) : whole
  }
  const loadSpinner = async (make: NonNullable<typeof load>) => {
    loading = true
    spinner = await make(spinnerFrames.map(paint.cyan), frameInterval)
    if (active.size > 0) draw()
  }
  const tick = () => {
    const busy = active.size > 0 || board !== undefined
    if (active.size > 0 && load !== undefined && !loading && board === undefined) void loadSpinner(load)
    if (busy && ticking === undefined && timer) {
      ticking = setInterval(() => draw(), frameInterval)
      ticking.unref()
    } else if (!busy && ticking !== undefined) {
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
    const onBoard = board?.take(event) === true
    if (event.status === 'start') {
      const { message, machine } = event
      if (!onBoard) active.set(key(event), { message, machine, announced: true, since: now() })
      draw()
    } else {
      active.delete(key(event))
      draw(`${held(event)}${onBoard ? '' : `${stepLine(event, paint)}\n`}`)
    }
    tick()
  }
  /** Progress of work that no step has announced is shown until it is complete. */
  const advance = (event: ProgressEvent) => {
    if (board?.take(event) === true) return
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
        return draw(`${noticeLine(event, paint)}\n`)
      case 'output': {
        const text = lines.add(event).map((line) => `${outputLine(event.machine, line, paint)}\n`)
        return text.length === 0 ? undefined : draw(text.join(''))
      }
      case 'progress':
        return advance(event)
      case 'machines':
        board = makeBoard(event.machines, paint, now)
        return tick()
      case 'machine':
        board?.take(event)
        return draw()
      case 'section':
        return undefined
    }
  }
  const close = () => {
    active.clear()
    board = undefined
    tick()
    draw(held())
  }
  return { emit, close }
}
