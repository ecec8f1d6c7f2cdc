import { clearLine, cursorTo, moveCursor } from 'node:readline'
import { PassThrough } from 'node:stream'
import { afterEach, expect, test, vi } from 'vitest'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { palette } from '../../../src/ui/colour.ts'
import { liveReporter } from '../../../src/ui/live.ts'
import { loadSpinner } from '../../../src/ui/spinner.ts'
import { terminal } from '../../helpers/terminal.ts'

const ending: (() => void)[] = []
afterEach(() => {
  for (const end of ending.splice(0)) end()
})

/** A terminal, and a reporter that draws on it with ora. */
function live(columns = 60) {
  const pipe = new PassThrough()
  const pieces: Buffer[] = []
  pipe.on('data', (piece: Buffer) => pieces.push(piece))
  const stream = Object.assign(pipe, {
    isTTY: true,
    columns,
    rows: 24,
    cursorTo: (x: number) => cursorTo(pipe, x),
    moveCursor: (x: number, y: number) => moveCursor(pipe, x, y),
    clearLine: (direction: -1 | 0 | 1) => clearLine(pipe, direction),
  })
  const made = vi.fn(loadSpinner)
  const reporter = liveReporter({
    stream,
    paint: palette(false),
    now: () => 0,
    timer: false,
    spinner: (frames, interval) => made({ stream, frames, interval }),
  })
  ending.push(reporter.close)
  const written = () => Buffer.concat(pieces).toString()
  return {
    reporter,
    stream,
    made,
    written,
    shown: () => terminal(written()).replaceAll(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/g, '⠋'),
  }
}

const start = (step: string): PosadaEvent => ({
  type: 'step',
  status: 'start',
  step,
  message: `doing ${step}`,
})
const done = (step: string): PosadaEvent => ({ type: 'step', status: 'done', step, message: `did ${step}` })
const isOra = (written: string) => written.includes('[?2026h')

test('a single thing is drawn by ora, several by the board, both in one style', async () => {
  const { reporter, shown, written } = live()
  reporter.emit(start('a'))
  expect(shown()).toBe('⠋ doing a\n')
  await vi.waitFor(() => expect(isOra(written())).toBe(true))
  expect(shown()).toBe('⠋ doing a')

  reporter.emit({ type: 'output', stream: 'stdout', step: 'a', text: 'from a program\n' })
  expect(shown()).toBe(' | from a program\n⠋ doing a')

  reporter.emit(start('b'))
  expect(shown()).toBe(' | from a program\n⠋ doing a\n⠋ doing b\n')

  reporter.emit(done('a'))
  reporter.emit(done('b'))
  expect(shown()).toBe(' | from a program\n✓ did a\n✓ did b\n')
})

test('nothing is left of it, and its line fits into a narrow terminal', async () => {
  const { reporter, shown, written } = live(20)
  reporter.emit(start('something with a name longer than a line'))
  await vi.waitFor(() => expect(isOra(written())).toBe(true))
  expect(shown().length).toBeLessThan(20)
  expect(shown()).toContain('…')
  reporter.close()
  expect(shown()).toBe('')
})

test('a terminal that does not know its width is not drawn on by ora', async () => {
  const { reporter, stream, shown, written } = live(0)
  reporter.emit(start('a'))
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(shown()).toBe('⠋ doing a\n')
  Object.assign(stream, { columns: 60 })
  reporter.emit({ type: 'notice', level: 'info', message: 'wide' })
  await vi.waitFor(() => expect(isOra(written())).toBe(true))
  stream.columns = 0
  stream.emit('resize')
  expect(shown()).toBe('note: wide\n')
  reporter.emit({ type: 'notice', level: 'info', message: 'narrow' })
  expect(shown()).toBe('note: wide\nnote: narrow\n⠋ doing a\n')
})

test('where a board shows several machines it is not loaded', () => {
  const { reporter, made, shown } = live()
  reporter.emit({ type: 'machines', machines: ['db', 'web'] })
  reporter.emit({ type: 'machine', machine: 'db', status: 'work', message: '' })
  reporter.emit({ ...start('disk'), machine: 'db' } as PosadaEvent)
  expect(shown()).toBe('⠋ db  doing disk\n· web \n')
  expect(made).not.toHaveBeenCalled()
})
