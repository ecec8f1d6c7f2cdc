import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { provider as plugin } from '../../../providers/qemu/index.ts'
import type { Provider } from '../../../src/provider/index.ts'
import { busyboxGuest } from '../../helpers/busybox-guest.ts'
import { until } from '../../helpers/guest-talk.ts'
import { discard, type SandboxMachine, sandboxMachine } from '../../helpers/sandbox-machine.ts'

// This boots busybox once: some 5 s under emulation.
let machine: SandboxMachine
let cacheDir: string
let provider: Provider

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'posada-qemu-'))
  provider = plugin.create({ cacheDir, emit: () => undefined })
})

afterEach(async () => {
  await discard(provider, machine)
  await rm(cacheDir, { recursive: true, force: true })
})

test('the guest sees its devices, by the names it was promised', async () => {
  const guest = await busyboxGuest()
  const boot = { kind: 'kernel' as const, ...guest, cmdline: `${guest.cmdline} guest.then=tell` }
  machine = await sandboxMachine({ boot, cpus: 2, nested: true }, 7)
  await provider.create(machine.spec)
  await provider.start(machine.spec)
  const log = () => readFile(machine.spec.files.consoleLog, 'latin1')
  await until('it has told', 60_000, async () => (await log()).includes('that is all'))
  const told = await log()
  expect(told).toContain('processors 2')
  expect(told).toContain('disk root of 131072 sectors')
  expect(told).toContain('random virtio_rng.0')
  expect(told).toContain('host name is contract')
  expect(told).toContain('ports org.posada.ready.0 org.qemu.guest_agent.0')
  expect(told).toContain('svm yes')
})
