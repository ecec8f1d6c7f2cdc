import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readRecord, writeRecord } from '../../../../providers/kvm/run-record.ts'
import type { MachineSpec } from '../../../../src/provider/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-record-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const spec = () =>
  ({ id: '0a1b2c3d', name: 'web', files: { dataDir: folder, runtimeDir: folder } }) as MachineSpec

it('comes back as written', async () => {
  expect(await readRecord(spec())).toBeNull()
  const begun = { pid: 7, startTime: '123', bootId: 'b' }
  for (const run of [null, begun, { ...begun, ending: { how: 'failed', reason: 'it broke' } as const }]) {
    await writeRecord(spec(), run)
    expect(await readRecord(spec())).toEqual({ run, damaged: false })
  }
})

it.each([
  '{"pid":"7","startTime":"1","bootId":"b"}',
  '{"pid":7,"startTime":"1"}',
  '{"pid":7,"startTime":"1","bootId":"b","ending":{"how":"melted","reason":""}}',
  '{"pid":7,"startTime":"1","bootId":"b","ending":null}',
])('%j is not a run', async (run) => {
  writeFileSync(join(folder, 'kvm.json'), `{"format":1,"machine":"0a1b2c3d","run":${run}}`)
  expect(await readRecord(spec())).toEqual({ run: null, damaged: true })
})
