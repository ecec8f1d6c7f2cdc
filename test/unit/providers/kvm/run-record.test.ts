import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRecord, writeRecord } from '../../../../providers/kvm/run-record.ts'
import type { MachineSpec } from '../../../../src/provider/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-record-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const spec = () => ({ name: 'web', files: { dataDir: folder, runtimeDir: folder } }) as MachineSpec

describe('record of a run', () => {
  it('is null before the machine is made, and comes back as written', async () => {
    expect(await readRecord(spec())).toBeNull()
    const run = {
      pid: 7,
      startTime: '123',
      bootId: 'b',
      ending: { how: 'failed', reason: 'it broke' },
    } as const
    for (const record of [{ format: 1 } as const, { format: 1, run } as const]) {
      await writeRecord(spec(), record)
      expect(await readRecord(spec())).toEqual(record)
    }
  })

  it.each([
    '',
    'null',
    '[]',
    '{"format":2}',
    '{"format":1,"run":null}',
    '{"format":1,"run":{"pid":"7","startTime":"1","bootId":"b"}}',
    '{"format":1,"run":{"pid":7,"startTime":"1","bootId":"b","ending":{"how":"melted","reason":""}}}',
    '{"format":1,"run":{"pid":7,"sta',
  ])('is refused as corrupt when it holds %j', async (text) => {
    writeFileSync(join(folder, 'kvm.json'), text)
    await expect(readRecord(spec())).rejects.toMatchObject({ code: 'E_STATE_CORRUPT', machine: 'web' })
  })
})
