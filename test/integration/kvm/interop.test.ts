import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openDisk } from '../../../providers/kvm/disk/open-disk.ts'
import { createKvmProvider } from '../../../providers/kvm/provider.ts'
import { provider as qemuPlugin } from '../../../providers/qemu/index.ts'
import type { DiskSpec, MachineSpec, Provider } from '../../../src/provider/index.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import { hasQemuImg, qemuImgCheck } from '../../helpers/qemu-img.ts'
import { discard, type SandboxMachine, sandboxMachine } from '../../helpers/sandbox-machine.ts'
import { writeTinyKernel } from './tiny-kernel.ts'

const MiB = 2 ** 20
const size = 64 * MiB

// Starts each provider three times, with guests that leave the disk alone; what a guest would write is written
// by each side's own means. Some 10 s.
describe.skipIf(!hasKvm || !hasQemuImg)('a machine that changes its provider (needs /dev/kvm)', () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  let cacheDir: string
  let kvm: Provider
  let qemu: Provider
  let machine: SandboxMachine
  let disk: DiskSpec

  beforeAll(async () => {
    entries = await buildKvmEntries()
    cacheDir = await mkdtemp(join(tmpdir(), 'posada-interop-'))
    kvm = createKvmProvider({ cacheDir, emit: () => undefined }, entries.folder)
    qemu = qemuPlugin.create({ cacheDir, emit: () => undefined })
  })
  afterAll(async () => {
    await entries.remove()
    await rm(cacheDir, { recursive: true, force: true })
  })
  afterEach(async () => {
    await kvm.stop(machine.spec, { graceful: false, timeout: 0 })
    await discard(qemu, machine)
  })

  async function make(): Promise<void> {
    const boot = { kind: 'firmware', firmware: 'bios' } as const
    machine = await sandboxMachine({ boot, memory: 64 * MiB }, 22)
    const base = join(machine.folder, 'base.qcow2')
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', base, `${size / 2}`])
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 0xba 0 1M', base], { stdio: 'ignore' })
    const path = join(machine.spec.files.dataDir, 'root.qcow2')
    disk = { name: 'root', path, base: { path: base, format: 'qcow2' }, size }
    machine = { ...machine, spec: { ...machine.spec, nics: [], disks: [disk] } }
  }

  /** Makes what is missing and runs the machine once. */
  async function runWith(provider: Provider, grown = size): Promise<void> {
    const kernel = writeTinyKernel(machine.folder, 'brief')
    const spec: MachineSpec = {
      ...machine.spec,
      disks: [{ ...disk, size: grown }],
      ...(provider === kvm ? { boot: { kind: 'kernel', kernel, cmdline: 'quiet' } } : {}),
    }
    await provider.create(spec)
    await provider.start(spec)
    if (provider === qemu) await provider.stop(spec, { graceful: false, timeout: 0 })
    const stopped = async () => expect((await provider.status(spec)).state).toBe('stopped')
    await vi.waitFor(stopped, { interval: 20, timeout: 10_000 })
    expect(qemuImgCheck(disk.path)).toMatchObject({ status: 0 })
  }

  function writeAsKvm(offset: number, byte: number): void {
    const open = openDisk({
      path: disk.path,
      format: 'qcow2',
      readOnly: false,
      ...(disk.base && { base: disk.base }),
    })
    open.write(offset, [Buffer.alloc(MiB, byte)])
    open.discard(offset + MiB, MiB)
    open.flush()
    open.close()
  }
  function writeAsQemu(offset: number, byte: number): void {
    qemuIo(`write -P ${byte} ${offset} 1M`, `discard ${offset + MiB} 1M`, 'flush')
  }
  /** Reads as both do; they must agree. */
  function expectAt(offset: number, byte: number): void {
    expect(qemuIo(`read -P ${byte} ${offset} 1M`)).not.toMatch(/verification failed/)
    const open = openDisk({
      path: disk.path,
      format: 'qcow2',
      readOnly: true,
      ...(disk.base && { base: disk.base }),
    })
    const bytes = Buffer.alloc(MiB)
    open.read(offset, [bytes])
    open.close()
    expect(bytes.every((found) => found === byte)).toBe(true)
  }
  const qemuIo = (...commands: string[]) =>
    execFileSync('qemu-io', ['-f', 'qcow2', ...commands.flatMap((one) => ['-c', one]), disk.path], {
      encoding: 'utf8',
    })

  it.each([
    ['made by kvm', () => [kvm, qemu]],
    ['made by QEMU', () => [qemu, kvm]],
  ] as const)('keeps its disk, %s, to and fro', async (_, order) => {
    await make()
    const [first, second] = order() as [Provider, Provider]
    const write = (provider: Provider, offset: number, byte: number) =>
      provider === kvm ? writeAsKvm(offset, byte) : writeAsQemu(offset, byte)
    await runWith(first)
    write(first, 2 * MiB, 0x11)
    await runWith(second)
    write(second, 8 * MiB, 0x22)
    // Grown by one, used by the other.
    await runWith(second, 2 * size)
    write(second, size + MiB, 0x33)
    await runWith(first, 2 * size)
    write(first, 2 * MiB, 0x44)
    await runWith(second, 2 * size)
    for (const [offset, byte] of [
      [0, 0xba],
      [2 * MiB, 0x44],
      [3 * MiB, 0],
      [8 * MiB, 0x22],
      [size + MiB, 0x33],
      [size + 20 * MiB, 0],
    ] as const) {
      expectAt(offset, byte)
    }
    expect(qemuImgCheck(disk.path)).toMatchObject({ status: 0 })
  })
})
