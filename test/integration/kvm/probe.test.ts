import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { probe } from '../../../providers/kvm/probe/index.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'

describe.skipIf(!hasKvm)('probe guest (needs /dev/kvm)', () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  let folder: string
  beforeAll(async () => {
    entries = await buildKvmEntries()
    folder = mkdtempSync(join(tmpdir(), 'posada-probe-'))
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await entries.remove()
  })

  it('tells the truth about this host, and remembers it', async () => {
    const report = await probe(folder, entries.folder)
    const hardware = / (vmx|svm) /.test(readFileSync('/proc/cpuinfo', 'utf8'))
    expect({ usable: report.usable, hardware: report.hardware }).toEqual({ usable: hardware, hardware })
    if (!hardware) expect(report.reason).toMatch(/cannot run stock 64-bit code/)
    // From a folder without the built files: it can only be remembered.
    expect(await probe(folder, folder)).toEqual(report)
    expect((await probe(folder, folder, { fresh: true })).usable).toBe(false)
  })
})
