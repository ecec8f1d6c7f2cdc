import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { bootCode } from '../../../../providers/qemu/probe/boot-code.ts'
import { recall, remember } from '../../../../providers/qemu/probe/cache.ts'
import { runProbeGuest } from '../../../../providers/qemu/probe/run-guest.ts'
import { deadWork } from '../../../helpers/dead-work-name.ts'

const found = {
  accelerator: 'tcg' as const,
  sandbox: true,
  version: '7.2.22',
  failures: ['KVM: no'],
  passing: false,
}

test('the x86 code has its descriptor table where lgdt looks for it', () => {
  const image = Buffer.from(bootCode('x86_64') ?? [])
  expect(image).toHaveLength(0x10000)
  const base = image.readUInt32LE(0x118 + 2)
  expect(image.readBigUInt64LE(base - 0xf0000 + 24)).toBe(0x00af9b000000ffffn)
  const jump = 0xfff3 + image.readUInt16LE(0xfff1)
  expect(jump & 0xffff).toBe(0)
})

test('what killed probes left is removed and ended by the next', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'posada-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  vi.stubEnv('TMPDIR', folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const left = join(folder, `posada-probe-${deadWork}`)
  await mkdir(left)
  const guest = spawn('sh', ['-c', 'echo; cat; :', 'sh', '-bios', join(left, 'code')], { stdio: 'pipe' })
  onTestFinished(() => void guest.kill('SIGKILL'))
  await once(guest.stdout, 'data')
  const options = {
    program: 'false',
    arch: 'x86_64',
    accelerator: 'tcg',
    sandbox: false,
    limit: 20_000,
  } as const
  expect(await runProbeGuest(options)).toMatchObject({ ok: false })
  expect(await readdir(folder)).toEqual([])
  if (guest.exitCode === null && guest.signalCode === null) await once(guest, 'exit')
  expect(guest.signalCode).toBe('SIGKILL')
})

test('findings are believed only as long as nothing changed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'posada-probe-'))
  try {
    const path = join(folder, 'cache')
    expect(await recall(path, 'a')).toBeNull()
    await remember(path, 'a', found)
    expect(await recall(path, 'a')).toEqual(found)
    expect(await recall(path, 'b')).toBeNull()
    await remember(path, 'b', { ...found, accelerator: null })
    expect(await recall(path, 'b')).toBeNull()
    for (const junk of [
      '',
      '{',
      'null',
      '[]',
      '{"fingerprint":"a","at":1,"findings":{"accelerator":"xen"}}',
      '{"fingerprint":"a","at":1,"findings":{"accelerator":"tcg","sandbox":true,"failures":[],"version":7}}',
    ]) {
      await writeFile(path, junk)
      expect(await recall(path, 'a')).toBeNull()
    }
    const old = {
      fingerprint: 'a',
      at: Date.now() - 2 * 60 * 60 * 1000,
      findings: { ...found, passing: true },
    }
    await writeFile(path, JSON.stringify(old))
    expect(await recall(path, 'a')).toBeNull()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
