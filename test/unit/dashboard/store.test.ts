import { expect, test } from 'vitest'
import { keyOf, state, take } from '../../../src/dashboard/page/store.ts'
import type { Message } from '../../../src/dashboard/protocol.ts'

type Stats = Extract<Message, { type: 'stats' }>

const machine = (name: string, cpu: number | null, machineState = 'running') => ({
  ...{ name, state: machineState as 'running', cpus: 1, memory: 1, metrics: null },
  usage: { cpu: 1, memory: 5, disk: { read: 0, written: 0 }, network: null },
  rates: cpu === null ? null : { cpu, read: 0, written: 0, received: null, sent: null },
})
const stats = (...projects: Stats['projects']): Stats => ({ type: 'stats', projects })
const shop = (...machines: ReturnType<typeof machine>[]) => ({
  id: '1',
  name: 'shop',
  root: '/shop',
  machines,
})

test('what the page knows follows what it is told', () => {
  expect(take({ type: 'hello', version: '1', own: { root: '/own', name: 'own' } })).toEqual(['/own'])
  const other = { id: '2', name: 'other', root: '/other', machines: [machine('a', null)] }
  expect(take(stats(shop(machine('web', null)), other))).toEqual(['/shop', '/other'])
  for (const { root } of state.projects.values())
    Object.assign(state.projects.get(root) ?? {}, { detail: {} })

  // The same again gives no reason to look; another state is, and a machine that went.
  for (let count = 0; count < 100; count++)
    expect(take(stats(shop(machine('web', count)), other))).toEqual([])
  const rates = state.rates.get(keyOf('/shop', 'web')) ?? []
  expect([rates.length, rates.at(-1)]).toEqual([60, expect.objectContaining({ cpu: 99, memory: 5 })])
  expect(take(stats(shop(machine('web', 1, 'crashed')), other))).toEqual(['/shop'])
  expect(take(stats(shop()))).toEqual(['/shop'])
  expect([...state.projects.keys()]).toEqual(['/own', '/shop'])
})

test('thousands of events are bounded, and those of steps are a reason to look', () => {
  const source = { at: '2026-01-01T00:00:00Z', pid: 1, command: 'posada up', project: 'shop', root: '/shop' }
  const notice = { ...source, type: 'notice', level: 'info', message: 'x' } as const
  expect(take({ type: 'events', events: Array.from({ length: 5000 }, () => notice) })).toEqual([])
  expect(state.events).toHaveLength(1000)
  const step = { ...source, type: 'step', status: 'done', step: 'boot', message: 'up' } as const
  expect(take({ type: 'events', events: [step] })).toEqual(['/shop'])
})
