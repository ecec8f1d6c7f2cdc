import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { followLog } from '../../../src/event-log/follow.ts'
import { bounds, type LoggedEvent } from '../../../src/event-log/model.ts'
import { recorded } from '../../../src/event-log/record.ts'
import type { PosadaEvent } from '../../../src/events/index.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'posada-events-')), 'state', 'events')
})
afterEach(() => rmSync(join(folder, '..', '..'), { recursive: true, force: true }))

const source = { command: 'posada up', project: 'shop', root: '/srv/shop' }
const note = (message: string): PosadaEvent => ({ type: 'notice', level: 'info', message })
const output = (text: string): PosadaEvent => ({
  type: 'output',
  stream: 'stdout',
  step: 'provision:a',
  text,
})
const recorder = (passed: PosadaEvent[] = []) => recorded((event) => passed.push(event), folder, source)

async function kept(past = Number.POSITIVE_INFINITY): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = []
  const { signal } = new AbortController()
  await followLog(folder, { past, follow: false, onEvent: (event) => void events.push(event), signal })
  return events
}

test('what is told is passed on and kept, private, with who told it', async () => {
  const passed: PosadaEvent[] = []
  recorder(passed)(note('hello'))
  expect(passed).toEqual([note('hello')])
  expect(await kept()).toEqual([
    { ...note('hello'), ...source, pid: process.pid, at: expect.stringMatching(/^\d{4}-.*Z$/) },
  ])
  expect([folder, join(folder, '1.jsonl')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600])
})

test('output is cut into lines of a bounded length and loses nothing; messages are cut short', async () => {
  const emit = recorder()
  const text = 'é\n'.repeat(20_000)
  emit(output(text))
  emit(note('x'.repeat(100_000)))
  const events = await kept()
  expect(events.flatMap((event) => (event.type === 'output' ? event.text : [])).join('')).toBe(text)
  expect(events.every((event) => JSON.stringify(event).length < bounds.line)).toBe(true)
})

test('a reader may begin with the last bytes, in the middle of a line', async () => {
  const emit = recorder()
  for (const word of ['one', 'two', 'three']) emit(note(word))
  const line = statSync(join(folder, '1.jsonl')).size / 3
  const found = await kept(Math.round(1.5 * line))
  expect(found.map((event) => event.type === 'notice' && event.message)).toEqual(['three'])
  expect(await kept(0)).toEqual([])
})

test('progress is kept twice a second, of each piece of work', async () => {
  const emit = recorder()
  const progress = { type: 'progress', step: 'box', message: 'fetching', unit: 'bytes' } as const
  for (let done = 0; done < 1000; done++) emit({ ...progress, done })
  emit({ ...progress, step: 'other', done: 1 })
  const events = await kept()
  expect(events.length).toBeLessThan(20)
  expect(events.map((event) => event.type === 'progress' && event.step)).toContain('other')
})

test('the log is bounded, and a reader who keeps up misses nothing of it', async () => {
  const stop = new AbortController()
  const seen: number[] = []
  const total = 3000
  const reading = followLog(folder, {
    past: Number.POSITIVE_INFINITY,
    follow: true,
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === 'notice') seen.push(Number(event.message.slice(0, 6)))
      if (seen.length === total) stop.abort(new Error('all'))
    },
  })
  const ended = expect(reading).rejects.toThrow('all')
  // Two commands, that both fill and change files.
  const emits = [recorder(), recorder()]
  for (let index = 0; index < total; index++) {
    emits[index % 2]?.(note(`${String(index).padStart(6, '0')}${'.'.repeat(4000)}`))
    if (index % 100 === 99) await new Promise((resolve) => setTimeout(resolve, 50))
    if (index % 300 === 299)
      await expect.poll(() => seen.length, { timeout: 15_000 }).toBeGreaterThan(index - 200)
  }
  await ended
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, index) => index))
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  expect(sizes.length).toBeLessThanOrEqual(bounds.files)
  expect(Math.max(...sizes)).toBeLessThan(bounds.file + bounds.line)
})

test('of what was put there by others nothing is taken but whole events', async () => {
  recorder()(note('one'))
  const file = join(folder, '1.jsonl')
  appendFileSync(file, `{"type":"notice"}\nnull\n[1]\nno json\n${'x'.repeat(3 * bounds.line)}\n`)
  writeFileSync(join(folder, 'x.jsonl'), `${JSON.stringify({ ...note('no'), ...source, pid: 1, at: '' })}\n`)
  symlinkSync(file, join(folder, '7.jsonl'))
  recorder()(note('lost: the newest file is a link'))
  rmSync(join(folder, '7.jsonl'))
  recorder()(note('two'))
  expect((await kept()).map((event) => event.type === 'notice' && event.message)).toEqual(['one', 'two'])
})

test('a log that cannot be written keeps no command from working', () => {
  mkdirSync(join(folder, '..'), { recursive: true })
  writeFileSync(folder, 'a file')
  const passed: PosadaEvent[] = []
  const emit = recorder(passed)
  emit(note('one'))
  emit(note('two'))
  expect(passed).toHaveLength(2)
})
