import { describe, expect, it } from 'vitest'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { makeReporter } from '../../../src/ui/choose-reporter.ts'
import { palette } from '../../../src/ui/colour.ts'
import { liveReporter } from '../../../src/ui/live.ts'
import { plainReporter } from '../../../src/ui/plain.ts'
import { terminal } from '../../helpers/terminal.ts'

const paint = palette(false)

/** Something to write to, and what was written. */
function paper() {
  const pieces: string[] = []
  const write = (text: string): boolean => {
    pieces.push(text)
    return true
  }
  return { write, text: () => pieces.join('') }
}

/** Two machines at once, a program that writes pieces of lines, progress, a notice, a failure. */
const story: PosadaEvent[] = [
  { type: 'step', status: 'start', step: 'disk', message: 'copying the box', machine: 'db' },
  { type: 'step', status: 'start', step: 'boot', message: 'waiting for the guest', machine: 'web' },
  {
    type: 'progress',
    step: 'disk',
    message: 'copying',
    done: 50 * 1024 ** 2,
    total: 200 * 1024 ** 2,
    unit: 'bytes',
    machine: 'db',
  },
  { type: 'step', status: 'done', step: 'disk', message: 'copying the box', machine: 'db', ms: 1234 },
  { type: 'step', status: 'start', step: 'provision:x', message: 'step x', machine: 'db' },
  { type: 'output', stream: 'stdout', step: 'provision:x', machine: 'db', text: 'Reading pack' },
  { type: 'output', stream: 'stdout', step: 'provision:x', machine: 'web', text: 'from web\n' },
  {
    type: 'output',
    stream: 'stdout',
    step: 'provision:x',
    machine: 'db',
    text: 'age lists\r\n10%\r100%\nunfinished',
  },
  { type: 'notice', level: 'warn', message: 'port 8080 is taken', hint: 'set auto: true', machine: 'web' },
  { type: 'step', status: 'fail', step: 'provision:x', message: 'step x', machine: 'db', ms: 65_000 },
  { type: 'step', status: 'skip', step: 'provision:y', message: 'step y is done already', machine: 'db' },
]

describe('plainReporter', () => {
  it('writes one line an event and keeps the lines of each machine whole', () => {
    const out = paper()
    const reporter = plainReporter({ paint, write: out.write })
    story.forEach(reporter.emit)
    reporter.close()
    expect(out.text()).toMatchInlineSnapshot(`
      "· db: copying the box
      · web: waiting for the guest
      ✓ db: copying the box (1.2s)
      · db: step x
       web | from web
       db | Reading package lists
       db | 100%
      warning: web: port 8080 is taken
        hint: set auto: true
       db | unfinished
      ✗ db: step x (1m5s)
      - db: step y is done already
      "
    `)
  })

  it('cuts a line that never ends, and shows the rest at the end', () => {
    const out = paper()
    const reporter = plainReporter({ paint, write: out.write })
    reporter.emit({ type: 'output', stream: 'stdout', step: 's', text: 'x'.repeat(10_000) })
    expect(
      out
        .text()
        .split('\n')
        .map((line) => line.length),
    ).toEqual([4099, 4099, 0])
    reporter.close()
    expect(out.text().replaceAll(/[^x]/g, '')).toHaveLength(10_000)
  })
})

describe('liveReporter', () => {
  function live(events: readonly PosadaEvent[], columns = 60) {
    const out = paper()
    let time = 0
    const stream = { columns, rows: 24, write: out.write }
    const reporter = liveReporter({ stream, paint, now: () => time, timer: false })
    for (const event of events) {
      time += 1000
      reporter.emit(event)
    }
    return { reporter, shown: () => terminal(out.text()) }
  }

  it('shows what goes on below what is finished', () => {
    expect(live(story.slice(0, 9)).shown()).toMatchInlineSnapshot(`
      "✓ db: copying the box (1.2s)
       web | from web
       db | Reading package lists
       db | 100%
      warning: web: port 8080 is taken
        hint: set auto: true
      ⠋ web: waiting for the guest  7s
      ⠋ db: step x  4s
      "
    `)
  })

  it('leaves nothing but finished lines behind', () => {
    const { reporter, shown } = live(story)
    reporter.close()
    expect(shown()).toMatchInlineSnapshot(`
      "✓ db: copying the box (1.2s)
       web | from web
       db | Reading package lists
       db | 100%
      warning: web: port 8080 is taken
        hint: set auto: true
       db | unfinished
      ✗ db: step x (1m5s)
      - db: step y is done already
      "
    `)
  })

  it('shows progress that no step announced until it is complete', () => {
    const copying = (done: number): PosadaEvent => ({
      type: 'progress',
      step: 'copy',
      message: 'copying',
      machine: 'web',
      done,
      total: 1024,
      unit: 'bytes',
    })
    const { reporter, shown } = live([copying(256)])
    reporter.emit({ type: 'notice', level: 'info', message: 'drawn again' })
    expect(shown()).toBe('note: drawn again\n⠋ web: copying 25% (256B of 1KiB)\n')
    reporter.emit(copying(1024))
    reporter.close()
    expect(shown()).toBe('note: drawn again\n')
  })

  it('never draws a line wider than the terminal', () => {
    const long: PosadaEvent = {
      type: 'step',
      status: 'start',
      step: 's',
      message: '日本'.repeat(50),
      machine: 'web',
    }
    const [line = ''] = live([long], 30).shown().split('\n')
    expect(line.length).toBeLessThan(30)
    expect(line).toContain('…')
  })
})

describe('makeReporter', () => {
  it.each([
    ['a pipe', { isTTY: false }, {}],
    ['a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
    ['CI', { isTTY: true }, { TERM: 'xterm', CI: 'true' }],
  ])('draws nothing twice in %s', (_, { isTTY }, env) => {
    const out = paper()
    const stream = { isTTY, write: out.write } as unknown as NodeJS.WriteStream
    const reporter = makeReporter({ stream, colour: false, env, quiet: false, debug: false })
    story.forEach(reporter.emit)
    reporter.close()
    const plain = paper()
    const expected = plainReporter({ paint, write: plain.write })
    story.forEach(expected.emit)
    expected.close()
    expect(out.text()).toBe(plain.text())
  })

  it('shows nothing when quiet', () => {
    const out = paper()
    const stream = { isTTY: true, write: out.write } as unknown as NodeJS.WriteStream
    const reporter = makeReporter({ stream, colour: false, env: {}, quiet: true, debug: false })
    story.forEach(reporter.emit)
    reporter.close()
    expect(out.text()).toBe('')
  })
})
