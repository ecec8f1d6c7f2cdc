import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRunRecord, writeRunRecord } from '../../../src/provider-kit/run-record.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-record-'))
  path = join(folder, 'record.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const parseRun = ({ pid }: Record<string, unknown>) => (typeof pid === 'number' ? { pid } : null)
const read = (machine = '0a1b2c3d') => readRunRecord(path, machine, parseRun)

test('there is none before it is written, and it comes back as written', async () => {
  expect(await read()).toBeNull()
  await writeRunRecord(path, '0a1b2c3d', null)
  expect(await read()).toEqual({ run: null, damaged: false })
  await writeRunRecord(path, '0a1b2c3d', { pid: 7 })
  expect(await read()).toEqual({ run: { pid: 7 }, damaged: false })
})

test('of another machine it says that the disks are there, and nothing of a process', async () => {
  await writeRunRecord(path, '0a1b2c3d', { pid: 7 })
  expect(await read('ffffffff')).toEqual({ run: null, damaged: false })
})

test.each([
  '',
  '\0\0\0\0',
  'null',
  '[]',
  '7',
  '{"format":2,"machine":"0a1b2c3d"}',
  '{"format":1}',
  '{"format":1,"machine":"0a1b2c3d","run":null}',
  '{"format":1,"machine":"0a1b2c3d","run":{"pid":"7"}}',
])('%j is damaged, and no error', async (text) => {
  writeFileSync(path, text)
  expect(await read()).toEqual({ run: null, damaged: true })
})

test('cut off anywhere it is damaged', async () => {
  await writeRunRecord(path, '0a1b2c3d', { pid: 7 })
  const whole = readFileSync(path, 'utf8').trimEnd()
  for (let length = 0; length < whole.length; length += 1) {
    writeFileSync(path, whole.slice(0, length))
    expect(await read(), whole.slice(0, length)).toEqual({ run: null, damaged: true })
  }
})
