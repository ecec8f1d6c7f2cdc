import { expect, test } from 'vitest'
import { changes } from '../../../src/app/events.ts'

const one = (machine: string, to: string) =>
  [`/srv/${machine}`, { type: 'state', project: 'shop', root: '/srv', machine, to }] as const

test('the first look tells how all are, later ones what is other', () => {
  const before = new Map([one('db', 'running'), one('web', 'starting'), one('old', 'stopped')])
  expect(changes(null, before).map(({ machine, from, to }) => [machine, from, to])).toEqual([
    ['db', null, 'running'],
    ['web', null, 'starting'],
    ['old', null, 'stopped'],
  ])
  const now = new Map([one('db', 'running'), one('web', 'running'), one('new', 'created')])
  expect(changes(before, now).map(({ machine, from, to }) => [machine, from, to])).toEqual([
    ['web', 'starting', 'running'],
    ['new', 'absent', 'created'],
    ['old', 'stopped', 'absent'],
  ])
})
