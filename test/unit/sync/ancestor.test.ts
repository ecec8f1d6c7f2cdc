import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Ancestor } from '../../../src/sync/ancestor.ts'
import { settleIntents } from '../../../src/sync/orders.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'posada-ancestor-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

const file = (digest: string) => ({ kind: 'file' as const, mode: 0o644, size: 1, digest })
const known = (digest: string) => ({ ...file(digest), host: 'h', guest: 'g' })

test('what is not on the disks of both sides yet is not recorded by what is begun next', async () => {
  const state = join(dir, 'cut')
  const ancestor = await Ancestor.load(state)
  await ancestor.reset('id')
  ancestor.set('f', known('a0'))
  await ancestor.save(ancestor.takeSet())
  for (const digest of ['a1', 'a2']) {
    await ancestor.intend('guest', [['f', file(digest)]])
    ancestor.set('f', known(digest))
  }
  await ancestor.intend('guest', [['g', file('b1')]])
  await ancestor.close()
  const after = await Ancestor.load(state)
  expect(after.get('f')?.digest).toBe('a0')
  expect([...after.intents.keys()]).toEqual(['f', 'g'])
  const sightOf = (digest: string | null) => ({
    changed: new Map([['f', digest === null ? null : { ...file(digest), stamp: '', changed: 0n }]]),
    odd: new Map(),
    busy: new Set<string>(),
  })
  const settled = (guest: string | null) =>
    settleIntents(after, { host: sightOf('a2'), guest: sightOf(guest) })
  for (const digest of ['a1', 'a2']) expect(settled(digest).done.get('f')?.digest).toBe(digest)
  expect(settled(null).gaps.get('f')).toBe('guest')
  expect(settled('other')).toEqual({ done: new Map(), gaps: new Map() })
  await after.close()
})

test('what is begun while the disks are waited for is not over when what came before it is recorded', async () => {
  const state = join(dir, 'meanwhile')
  const ancestor = await Ancestor.load(state)
  await ancestor.reset('id')
  ancestor.set('f', known('a0'))
  const set = ancestor.takeSet()
  await ancestor.intend('guest', [['f', file('a1')]])
  ancestor.set('f', known('a1'))
  await ancestor.save(set)
  await ancestor.close()
  const after = await Ancestor.load(state)
  expect(after.get('f')?.digest).toBe('a0')
  expect(after.intents.get('f')).toEqual([{ side: 'guest', entry: expect.objectContaining(file('a1')) }])
  await after.close()
})
