import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findOut, probe } from '../../../providers/kvm/probe/index.ts'
import { requireKvm } from '../../../providers/kvm/probe/require.ts'
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

  it('that came to no end is not remembered', async () => {
    const fresh = mkdtempSync(join(tmpdir(), 'posada-probe-'))
    try {
      // Without the built files its process fails.
      expect(await findOut(fresh, fresh)).toMatchObject({ conclusive: false, report: { usable: false } })
      expect(readdirSync(fresh)).toEqual([])
    } finally {
      rmSync(fresh, { recursive: true, force: true })
    }
  })

  it('keeps a machine from being started where it shows that stock code does not run', async () => {
    const { usable } = await probe(folder, entries.folder)
    const work = requireKvm(folder, 'web')
    if (usable) await work
    else {
      await expect(work).rejects.toMatchObject({
        code: 'E_KVM_UNUSABLE',
        machine: 'web',
        message: expect.stringContaining('cannot run stock 64-bit code'),
        hint: expect.stringContaining('provider: qemu'),
      })
    }
  })
})
