import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MachineEvent, PosadaEvent } from '../../../src/events/index.ts'
import { palette } from '../../../src/ui/colour.ts'
import { liveReporter } from '../../../src/ui/live.ts'
import { plainReporter } from '../../../src/ui/plain.ts'
import { displayWidth } from '../../../src/ui/text.ts'
import { terminal } from '../../helpers/terminal.ts'

const paint = palette(false)
const ESC = String.fromCharCode(27)
const stands = (
  machine: string,
  status: MachineEvent['status'],
  message = '',
  ms?: number,
): MachineEvent => ({ type: 'machine', machine, status, message, ...(ms === undefined ? {} : { ms }) })
const step = (machine: string, message: string, status: 'start' | 'done' = 'start'): PosadaEvent => ({
  type: 'step',
  step: message,
  machine,
  message,
  status,
})

/** Three machines, one of which depends on another that fails. */
const story: PosadaEvent[] = [
  { type: 'machines', machines: ['db', 'web-1', 'cache'] },
  stands('db', 'work'),
  stands('cache', 'work'),
  stands('web-1', 'wait', 'waiting for db'),
  step('db', 'disk over debian/12'),
  step('db', 'disk over debian/12', 'done'),
  step('db', 'waiting for the guest'),
  step('cache', 'logging in'),
  { type: 'notice', level: 'warn', machine: 'cache', message: 'port 8080 is taken' },
  { type: 'output', stream: 'stdout', step: 'provision:x', machine: 'cache', text: 'Reading\n' },
  stands('cache', 'done', 'is up', 4200),
  stands('db', 'fail', 'the machine ended by itself', 9000),
  stands('web-1', 'fail', 'not begun: db failed'),
]

function live(events: readonly PosadaEvent[], { columns = 60, rows = 24 } = {}) {
  let time = 0
  let written = ''
  const write = (text: string) => {
    written += text
    return true
  }
  const reporter = liveReporter({ stream: { columns, rows, write }, paint, now: () => time, timer: false })
  for (const event of events) {
    time += 1000
    reporter.emit(event)
  }
  return { reporter, shown: () => terminal(written), written: () => written }
}

describe('several machines on a terminal', () => {
  it('have a line each, in the same order throughout; what they wrote stands above', () => {
    expect(live(story.slice(0, 10)).shown()).toMatchInlineSnapshot(`
      "warning: cache: port 8080 is taken
       cache | Reading
      ⠋ db    waiting for the guest  8s
      · web-1 waiting for db
      ⠋ cache logging in  7s
      "
    `)
    expect(live(story).shown()).toMatchInlineSnapshot(`
      "warning: cache: port 8080 is taken
       cache | Reading
      ✗ db    the machine ended by itself  9s
      ✗ web-1 not begun: db failed
      ✓ cache is up  4.2s
      "
    `)
  })

  it('leave only what stands above', () => {
    const { reporter, shown } = live(story)
    reporter.close()
    expect(shown()).toMatchInlineSnapshot(`
      "warning: cache: port 8080 is taken
       cache | Reading
      "
    `)
  })

  it('that do not fit are summed up; those with something to tell have the room', () => {
    const machines = Array.from({ length: 30 }, (_, index) => `m${index}`)
    const events: PosadaEvent[] = [
      { type: 'machines', machines },
      ...machines.map((name) => stands(name, 'wait', 'waiting for a free processor')),
      ...machines.slice(0, 20).map((name) => stands(name, 'done', 'is up', 1000)),
      stands('m3', 'fail', 'broken'),
      stands('m25', 'work'),
      step('m25', 'waiting for the guest'),
    ]
    expect(live(events, { rows: 8 }).shown()).toMatchInlineSnapshot(`
      "✗ m3  broken  1s
      · m20 waiting for a free processor
      · m21 waiting for a free processor
      · m22 waiting for a free processor
      ⠋ m25 waiting for the guest
      … 25 more: 6 waiting, 19 done
      "
    `)
  })

  it('draw nothing again where nothing changed', () => {
    const { reporter, written } = live(story)
    const before = written()
    reporter.emit(stands('db', 'fail', 'the machine ended by itself', 9000))
    expect(written()).toBe(before)
  })

  it('never take more rows or columns than there are, whatever comes', () => {
    const names = ['a', 'a-very-long-name-that-goes-on-and-on-and-on', 'c']
    const event = fc.oneof(
      fc.record({
        type: fc.constant('machine' as const),
        machine: fc.constantFrom(...names),
        status: fc.constantFrom('wait' as const, 'work' as const, 'done' as const, 'fail' as const),
        message: fc.string({ unit: 'grapheme', maxLength: 100 }),
        ms: fc.nat(),
      }),
      fc.record({
        type: fc.constant('step' as const),
        status: fc.constant('start' as const),
        step: fc.constant('s'),
        machine: fc.constantFrom(...names),
        message: fc.string({ unit: 'grapheme', maxLength: 100 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fc.integer({ min: 50, max: 90 }), (events, columns) => {
        const { written } = live([{ type: 'machines', machines: names }, ...events], { columns, rows: 4 })
        for (const drawn of written().split('\r')) {
          const lines = drawn.split('\n').slice(0, -1)
          expect(lines.length).toBeLessThanOrEqual(2)
          for (const line of lines) {
            const text = line.split(ESC).map((part) => part.replace(/^\[\d*[A-Z]/, ''))
            expect(displayWidth(text.join(''))).toBeLessThan(columns)
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})

it('in plain lines each says what it waits for and what came of it', () => {
  let written = ''
  const write = (text: string) => {
    written += text
  }
  const reporter = plainReporter({ paint, write })
  story.forEach(reporter.emit)
  reporter.close()
  expect(written).toMatchInlineSnapshot(`
    "· web-1: waiting for db
    · db: disk over debian/12
    ✓ db: disk over debian/12
    · db: waiting for the guest
    · cache: logging in
    warning: cache: port 8080 is taken
     cache | Reading
    ✓ cache: is up (4.2s)
    ✗ db: the machine ended by itself (9s)
    ✗ web-1: not begun: db failed
    "
  `)
})
