import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { probeConsole } from '../../../../src/machine/readiness/probe-console.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'posada-console-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const { signal } = new AbortController()
const look = (written: string | Buffer, { text = 'login:', from = 0 } = {}) => {
  const path = join(dir, 'console.log')
  writeFileSync(path, written)
  const base = { hint: null, interval: 1000, timeout: 1000, place: { file: '', line: 1, column: 1 } }
  return probeConsole({ kind: 'console', text, ...base }, { console: { path, from }, signal })
}

it.each([
  ['a prompt without an end', 'Booting\r\n\r\ntiny login: '],
  ['coloured', 'tiny \x1b[1;32mlog\x1b[0min:\n'],
  ['written over', 'tiny login: \r        \rx\n'],
  ['far back', `login:\n${'later\n'.repeat(100_000)}`],
  ['in a line without an end, anywhere', `${'x'.repeat(200_001)}login:${'y'.repeat(200_000)}`],
  ['among bytes that are not text', Buffer.concat([Buffer.alloc(70_000, 0xff), Buffer.from(' login: ')])],
])('finds it %s', async (_, written) => {
  expect(await look(written)).toEqual({ ready: true })
})

it('says what came last where it is not there', async () => {
  expect(await look('Booting\nlogin \x1b]0;x\x07failed\n')).toEqual({
    ready: false,
    answer: 'its console does not say "login:"',
    details: ['login failed'],
  })
})

it('leaves out what a run before has written', async () => {
  expect(await look('login:\nBooting\n', { from: 7 })).toMatchObject({ ready: false, details: ['Booting'] })
})

it('reads a log from its beginning that was begun again, and waits for one that is not there', async () => {
  expect(await look('login:\n', { from: 1000 })).toEqual({ ready: true })
  rmSync(join(dir, 'console.log'))
  const nowhere = { path: join(dir, 'console.log'), from: 0 }
  const probe = { kind: 'console' as const, text: 'x', hint: null, interval: 1, timeout: 1 }
  const place = { file: '', line: 1, column: 1 }
  expect(await probeConsole({ ...probe, place }, { console: nowhere, signal })).toMatchObject({
    ready: false,
  })
})
