import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { qemuFiles } from '../../../providers/qemu/files.ts'
import { provider as plugin } from '../../../providers/qemu/index.ts'
import { makeMappable, memoryStart } from '../../../providers/qemu/memory/mappable.ts'
import { canMap } from '../../../providers/qemu/memory/save.ts'
import { withQmp } from '../../../providers/qemu/qmp/client.ts'
import { sha256OfFile } from '../../../src/lib/files/hash-file.ts'
import type { Provider } from '../../../src/provider/index.ts'
import { discard, type SandboxMachine, sandboxMachine } from '../../helpers/sandbox-machine.ts'

// Only its firmware runs in the machine: one second in all, some on a busy host.
const mebibyte = 1024 * 1024
let machine: SandboxMachine
let provider: Provider

beforeEach(async () => {
  machine = await sandboxMachine({ boot: { kind: 'firmware', firmware: 'bios' }, memory: 64 * mebibyte }, 80)
  provider = plugin.create({ cacheDir: machine.spec.files.dataDir, emit: () => undefined })
  await provider.create(machine.spec)
  await provider.start(machine.spec)
})

afterEach(() => discard(provider, machine))

const status = async () => (await provider.status(machine.spec)).state
const qmp = <T>(work: Parameters<typeof withQmp<T>>[2]) =>
  withQmp(qemuFiles(machine.spec).qmp, { timeout: 60_000 }, work)

test('a memory that is made mappable is the one that QEMU has', async () => {
  const { spec } = machine
  const path = (name: string) => join(spec.files.dataDir, name)
  // Below 1 MiB are other things than memory as well.
  const from = { val: mebibyte, size: spec.memory - mebibyte, filename: path('dump') }
  const dumped = async () => {
    await qmp((client) => client.execute('pmemsave', from))
    return readFile(path('dump'))
  }
  // The firmware writes there late, on a busy host seconds after the start.
  while (!(await dumped()).some((byte) => byte !== 0)) await sleep(200)
  expect(await provider.save?.(spec, path('stream'))).toBeNull()
  const files = [await open(path('stream')), await open(path('mapped'), 'wx+')] as const
  try {
    expect(await makeMappable(...files, spec.memory)).toBe('pc.ram')
  } finally {
    await Promise.all(files.map((file) => file.close()))
  }
  const [dump, mapped] = [await dumped(), await readFile(path('mapped'))]
  expect(dump.some((byte) => byte !== 0)).toBe(true)
  expect(mapped.subarray(memoryStart + mebibyte).equals(dump)).toBe(true)
})

test('a memory that is loaded often is mapped where QEMU can, goes on, is saved again, and stays as it is', async () => {
  const { spec } = machine
  const path = join(spec.files.dataDir, 'memory')
  const version = await qmp(async (client) => client.version)
  for (const _ of [1, 2]) {
    await rm(path, { force: true })
    const layout = (await provider.save?.(spec, path, { isLoadedOften: true })) ?? null
    expect(layout).toBe(canMap(version ?? '') ? 'pc.ram' : null)
    await provider.stop(spec, { graceful: false, timeout: 0 })
    const before = await sha256OfFile(path)
    await provider.load?.(spec, path, { layout: layout ?? undefined })
    expect(await status()).toBe('paused')
    await provider.resume(spec)
    expect(await status()).toBe('running')
    expect(await sha256OfFile(path)).toBe(before)
  }
})
