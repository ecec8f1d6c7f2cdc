import { expect, test } from 'vitest'
import type { StreamedEvent } from '../../../src/app/index.ts'
import { eventTeller } from '../../../src/cli/text/events.ts'
import { topRows } from '../../../src/cli/text/stats.ts'
import { palette } from '../../../src/ui/index.ts'

const told = (command: Partial<StreamedEvent> & { type: string }, pid = 7) =>
  ({
    at: new Date(2026, 0, 2, 3, 4, 5).toISOString(),
    pid,
    command: 'posada up',
    project: 'shop',
    root: '/s',
    ...command,
  }) as StreamedEvent

test('output of two commands at once is put together to lines, and shows no escape sequences', () => {
  let text = ''
  const tell = eventTeller((piece) => {
    text += piece
  }, palette(false))
  const output = (piece: string) =>
    ({ type: 'output', stream: 'stdout', step: 'a', machine: 'web', text: piece }) as const
  tell(told(output('one '), 1))
  tell(told(output('other\n'), 2))
  tell(told(output('line\u001b[2J\n'), 1))
  tell(told({ type: 'state', machine: 'web', from: 'running', to: 'crashed' }))
  expect(text.split('\n').slice(0, 2)).toEqual([
    '03:04:05 shop  web | other',
    expect.stringContaining('one line'),
  ])
  expect(text).toContain('03:04:05 shop = web: crashed (was running)\n')
  expect(text).not.toContain('\u001b')
})

test('the busiest machine comes first, behind the folder of its project where two share a name', () => {
  const one = (name: string, cpu: number | null) => ({
    ...{ name, state: 'running' as const, cpus: 1, memory: 1, usage: null, metrics: null },
    rates: cpu === null ? null : { cpu, read: 0, written: 0, received: 0, sent: 0 },
  })
  const rows = topRows([
    { id: '1', name: 'shop', root: '/a', machines: [one('web', null), one('db', 0.1)] },
    { id: '2', name: 'shop', root: '/b', machines: [one('web', 2)] },
    { id: '3', name: 'gone', root: '/c', machines: null, problem: 'the folder is gone' },
  ])
  expect(rows.map(({ name }) => name)).toEqual(['/b/web', '/a/db', '/a/web'])
})
