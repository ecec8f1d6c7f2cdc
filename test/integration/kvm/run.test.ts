import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { enterLongMode } from '../../../providers/kvm/boot/long-mode.ts'
import type { BusDevice } from '../../../providers/kvm/bus/device.ts'
import { closeDescriptor, openDevice } from '../../../providers/kvm/ffi/descriptors.ts'
import type { GuestMemory } from '../../../providers/kvm/memory/guest-memory.ts'
import { pageTables } from '../../../providers/kvm/memory/layout.ts'
import { createRam } from '../../../providers/kvm/memory/ram.ts'
import { createSerialPortState } from '../../../providers/kvm/platform/serial-port.ts'
import { entryPoint } from '../../../providers/kvm/process/entry-points.ts'
import { startVcpuThreads } from '../../../providers/kvm/vcpu/thread.ts'
import { beginVcpu } from '../../../providers/kvm/vcpu/vcpu.ts'
import { createMachine } from '../../../providers/kvm/vm/machine.ts'
import { openKvm } from '../../../providers/kvm/vm/open-kvm.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import { codeAddress, type SmallGuest, startSmallGuest } from './small-guest.ts'

// Guests of a few instructions; each test takes well below a second, also on a KVM without hardware.
describe.skipIf(!hasKvm)('vCPUs (needs /dev/kvm)', () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  let guest: SmallGuest | undefined

  beforeAll(async () => {
    entries = await buildKvmEntries()
  })
  afterAll(() => entries.remove())
  afterEach(async () => {
    await guest?.close()
    guest = undefined
  })

  async function start(
    code: number[],
    options: { cpus?: number; memory?: number } = {},
  ): Promise<SmallGuest> {
    guest = await startSmallGuest({ folder: entries.folder, code, ...options })
    return guest
  }

  it('runs code that writes to the serial port', async () => {
    const text = 'Hello from 64-bit mode\n'
    const { machine, output } = await start([...serialDx, ...print(text), ...hlt])
    expect(output()).toBe('')
    machine.resume()
    await vi.waitFor(() => expect(output()).toBe(text), soon)
  })

  it('carries port accesses to a device on the main thread and its answer back', async () => {
    const { machine, output } = await start([
      ...[0xe4, 0x70], // in al, 0x70
      ...[0xfe, 0xc0], // inc al
      ...[0xe6, 0x71], // out 0x71, al
      ...serialDx,
      ...[0xee], // out dx, al
      ...hlt,
    ])
    const written: number[][] = []
    const device: BusDevice = {
      read: (_offset, data) => data.fill(0x40),
      write: (offset, data) => written.push([offset, ...data]),
    }
    expect(machine.ports.claim(0x70, 2, device)).not.toBeNull()
    machine.resume()
    await vi.waitFor(() => expect(output()).toBe('A'), soon)
    expect(written).toEqual([[1, 0x41]])
  })

  it('carries memory accesses outside RAM, and ones without a device', async () => {
    const { machine, output } = await start([
      ...[0x48, 0xc7, 0xc3, 0x00, 0x00, 0x00, 0x10], // mov rbx, 0x10000000
      ...[0x8b, 0x43, 0x08], // mov eax, [rbx + 8]
      ...[0x89, 0x43, 0x0c], // mov [rbx + 12], eax
      ...[0x8a, 0x83, 0x00, 0x10, 0x00, 0x00], // mov al, [rbx + 0x1000], all ones
      ...serialDx,
      ...[0xee], // out dx, al
      ...hlt,
    ])
    const written: [number, Uint8Array][] = []
    machine.memory.claim(0x10000000, 0x1000, {
      read: (_offset, data) => data.set([1, 2, 3, 4]),
      write: (offset, data) => written.push([offset, data.slice()]),
    })
    machine.resume()
    await vi.waitFor(() => expect(output()).toBe('\xff'), soon)
    expect(written).toEqual([[12, new Uint8Array([1, 2, 3, 4])]])
  })

  it('rings a doorbell without going through the bus', async () => {
    const { machine } = await start([0x66, 0xba, 0x00, 0x20, 0xee, ...hlt]) // mov dx, 0x2000; out dx, al
    let kicks = 0
    machine.doorbells.attach({ space: 'port', address: 0x2000 }, () => kicks++)
    const write = vi.fn()
    machine.ports.claim(0x2000, 4, { read: vi.fn(), write })
    expect(kicks).toBe(0)
    machine.resume()
    await vi.waitFor(() => expect(kicks).toBe(1), soon)
    expect(write).not.toHaveBeenCalled()
  })

  it.each([
    ['spins', [0xeb, 0xfe]], // jmp to itself
    ['is halted for ever', [0xfa, ...hlt]], // cli; hlt
    ['floods the serial port', [...serialDx, 0xee, 0xeb, 0xfd]], // out dx, al; jmp to it
    ['reads a port without a device, for ever', [0xe4, 0x62, 0xeb, 0xfc]], // in al, 0x62; jmp to it
  ])('pauses, resumes and stops a guest that %s', async (_what, code) => {
    const { machine } = await start(code)
    for (let round = 0; round < 5; round++) {
      machine.resume()
      await delay(round)
      await machine.pause()
      const exits = machine.metrics()
      await delay(5)
      expect(machine.metrics()).toEqual(exits)
    }
    machine.resume()
    await delay(5)
    await machine.close()
    guest = undefined
    expect(await machine.ended).toEqual({ why: 'stopped' })
  })

  it('pauses and stops a machine that was never resumed, twice', async () => {
    const { machine } = await start([...hlt])
    await machine.pause()
    await machine.pause()
    await machine.close()
    guest = undefined
    expect(machine.metrics()[0]?.exits).toMatchObject({ port: 0, memory: 0 })
  })

  it.each([false, true])('stops a vCPU whose state cannot be mapped here, resumed: %s', async (resumed) => {
    const ram = createRam(4 * 2 ** 20)
    const [kvm, other] = [openKvm(), openDevice('/dev/null')]
    const threads = startVcpuThreads(1, entryPoint('kvm-vcpu', entries.folder))
    const serial = { shared: createSerialPortState(), onOutput: () => undefined }
    const machine = createMachine({ kvm, ram, serial, log: () => undefined })
    machine.setUpVcpus({ threads, nested: false })
    ram.memory.slice(codeAddress, 2)?.set([0xeb, 0xfe]) // jmp to itself
    const entry = enterLongMode(ram.memory, { rip: codeAddress })
    const [vcpu] = threads.map((thread) =>
      beginVcpu(thread, { kvm: other, start: entry, log: () => undefined }),
    )
    if (resumed) vcpu?.resume()
    await expect(vcpu?.ready).rejects.toMatchObject({ syscall: 'KVM_GET_VCPU_MMAP_SIZE', code: 'ENOTTY' })
    await vcpu?.stop()
    expect(await vcpu?.ended).toEqual({ why: 'stopped' })
    await machine.close()
    for (const descriptor of [kvm, other]) closeDescriptor(descriptor)
  })

  it('tells of a triple fault', async () => {
    const { machine } = await start([0x0f, 0x0b]) // ud2, without an IDT
    machine.resume()
    expect(await machine.ended).toEqual({ why: 'triple-fault' })
  })

  it('survives writes to every port and to all memory outside RAM', async () => {
    const { machine, output } = await start([
      ...[0x31, 0xd2], // xor edx, edx
      ...[0x66, 0xef, 0x66, 0xff, 0xc2, 0x75, 0xf9], // out dx, ax; inc dx; jnz
      ...[0x48, 0xc7, 0xc3, 0x00, 0x00, 0x40, 0x00], // mov rbx, 4 MiB: the end of RAM
      ...[0x48, 0x89, 0x03], // mov [rbx], rax
      ...[0x48, 0x81, 0xc3, 0x00, 0x00, 0x10, 0x00], // add rbx, 1 MiB
      ...[0x48, 0x81, 0xfb, 0x00, 0x00, 0x00, 0x40], // cmp rbx, 1 GiB
      ...[0x72, 0xed], // jb to the mov
      ...[0xb0, 0x80, 0x66, 0xba, 0xfb, 0x03, 0xee], // the line control register's divisor bit may be set:
      ...[0xb0, 0x03, 0xee], // clear it
      ...[0x66, 0xba, 0xfc, 0x03, 0xb0, 0x00, 0xee], // and the loop
      ...serialDx,
      ...print('through'),
      ...hlt,
    ])
    machine.resume()
    await vi.waitFor(() => expect(output()).toContain('through'), { interval: 10, timeout: 10_000 })
  })

  it('starts a second processor when the first asks for it', async () => {
    const { machine, output } = await start(
      [
        ...x2apic,
        ...[0xb9, 0x30, 0x08, 0x00, 0x00, 0x31, 0xd2], // mov ecx, 0x830 (ICR); xor edx, edx
        ...[0xb8, 0x00, 0x45, 0x0c, 0x00, 0x0f, 0x30], // mov eax, INIT to all others; wrmsr
        ...[0xb8, 0x08, 0x46, 0x0c, 0x00, 0x0f, 0x30], // mov eax, start-up at page 8; wrmsr
        ...hlt,
      ],
      { cpus: 2 },
    )
    // 16-bit code: mov dx, 0x3f8; mov al, '2'; out dx, al; cli; hlt
    machine.ram.memory.slice(0x8000, 8)?.set([0xba, 0xf8, 0x03, 0xb0, 0x32, 0xee, 0xfa, 0xf4])
    machine.resume()
    await vi.waitFor(() => expect(output()).toBe('2'), soon)
    await machine.pause()
    machine.resume()
  })

  it('delivers message-signalled interrupts where they are routed, and nowhere without a route', async () => {
    const { machine, output } = await start([
      ...[0x0f, 0x01, 0x1c, 0x25, 0x00, 0x30, 0x00, 0x00], // lidt [0x3000]
      ...x2apic,
      ...[0xb9, 0x0f, 0x08, 0x00, 0x00, 0x31, 0xd2], // mov ecx, 0x80f (spurious vector); xor edx, edx
      ...[0xb8, 0xff, 0x01, 0x00, 0x00, 0x0f, 0x30], // mov eax, enabled; wrmsr
      ...serialDx,
      ...[0xb0, 0x2e, 0xee], // mov al, '.'; out dx, al
      ...[0xfb, 0xf4, 0xeb, 0xfd], // sti; hlt; jmp to the hlt
    ])
    const { memory } = machine.ram
    for (const [vector, letter] of [
      [0x40, 'a'],
      [0x41, 'b'],
    ] as const) {
      const handler = 0x100800 + (vector - 0x40) * 64
      // mov dx, 0x3f8; mov al, letter; out dx, al; mov ecx, 0x80b (EOI); xor eax, eax; xor edx, edx; wrmsr; iretq
      const code = [
        ...serialDx,
        0xb0,
        letter.charCodeAt(0),
        0xee,
        0xb9,
        0x0b,
        0x08,
        0,
        0,
        0x31,
        0xc0,
        0x31,
        0xd2,
        0x0f,
        0x30,
        0x48,
        0xcf,
      ]
      memory.slice(handler, code.length)?.set(code)
      writeGate(memory, 0x4000 + vector * 16, handler)
    }
    memory.writeU16(0x3000, 256 * 16 - 1)
    memory.writeU32(0x3002, 0x4000)
    memory.writeU32(0x3006, 0)
    const vectors = [machine.interrupts.vector(), machine.interrupts.vector()]
    vectors[0]?.trigger()
    machine.resume()
    await vi.waitFor(() => expect(output()).toBe('.'), soon)
    const message = (vector: number) => ({ addressLow: 0xfee00000, addressHigh: 0, data: vector })
    vectors[0]?.route(message(0x40))
    vectors[1]?.route(message(0x41))
    vectors[0]?.trigger()
    await vi.waitFor(() => expect(output()).toBe('.a'), soon)
    vectors[1]?.trigger()
    await vi.waitFor(() => expect(output()).toBe('.ab'), soon)
    vectors[0]?.route(message(0x41))
    vectors[0]?.trigger()
    await vi.waitFor(() => expect(output()).toBe('.abb'), soon)
    vectors[0]?.route(null)
    vectors[0]?.trigger()
    vectors[1]?.route(message(0x40))
    vectors[1]?.trigger()
    await vi.waitFor(() => expect(output()).toBe('.abba'), soon)
    // As when a driver masks a vector and unmasks it.
    vectors[0]?.route(message(0x41))
    vectors[0]?.trigger()
    await vi.waitFor(() => expect(output()).toBe('.abbab'), soon)
  })

  it('has memory above the hole at 3 GiB', async () => {
    const GiB = 2 ** 30
    const { machine, output } = await start(
      [
        ...[0x48, 0xbb, 0, 0, 0, 0, 1, 0, 0, 0], // mov rbx, 4 GiB
        ...[0x8a, 0x03], // mov al, [rbx]
        ...serialDx,
        ...[0xee], // out dx, al
        ...[0xc6, 0x43, 0x01, 0x5a], // mov byte [rbx + 1], 'Z'
        ...hlt,
      ],
      { memory: 6 * GiB },
    )
    const { memory } = machine.ram
    expect(memory.regions).toEqual([
      { base: 0, size: 3 * GiB },
      { base: 4 * GiB, size: 3 * GiB },
    ])
    // The fifth GiB through a page directory at 0x200000, its first entry a page of 2 MiB at 4 GiB.
    memory.writeU32(pageTables + 0x1000 + 4 * 8, 0x200003)
    memory.writeU32(0x200000, 0x83)
    memory.writeU32(0x200004, 1)
    memory.writeU8(4 * GiB, 'Y'.charCodeAt(0))
    machine.resume()
    await vi.waitFor(() => expect(output()).toBe('Y'), soon)
    await vi.waitFor(() => expect(memory.readU8(4 * GiB + 1)).toBe('Z'.charCodeAt(0)), soon)
    // A value across the edge of two windows, the last byte, and beyond.
    expect(memory.writeU32(6 * GiB - 2, 0x01020304)).toBe(true)
    expect(memory.readU32(6 * GiB - 2)).toBe(0x01020304)
    expect(memory.pieces(6 * GiB - 2, 4)?.map((piece) => piece.length)).toEqual([2, 2])
    expect(memory.writeU8(7 * GiB - 1, 7)).toBe(true)
    expect(memory.writeU8(7 * GiB, 7)).toBe(false)
    expect(memory.release(6 * GiB - 8192, 16384)).toBe(true)
    expect(memory.readU32(6 * GiB - 2)).toBe(0)
  })
})

const hlt = [0xf4]
/** mov dx, 0x3f8 */
const serialDx = [0x66, 0xba, 0xf8, 0x03]
/** mov ecx, 0x1b (APIC base); rdmsr; or eax, x2APIC; wrmsr */
const x2apic = [0xb9, 0x1b, 0, 0, 0, 0x0f, 0x32, 0x0d, 0, 0x04, 0, 0, 0x0f, 0x30]
const soon = { interval: 5, timeout: 3000 }

/** mov al, letter; out dx, al: for each letter. */
function print(text: string): number[] {
  return [...text].flatMap((letter) => [0xb0, letter.charCodeAt(0), 0xee])
}

/** An interrupt gate of 64 bits through code segment 0x10 (Intel SDM 3A, §6.14.1). */
function writeGate(memory: GuestMemory, at: number, handler: number): void {
  memory.writeU32(at, (0x10 << 16) | (handler & 0xffff))
  memory.writeU32(at + 4, (handler & 0xffff0000) | 0x8e00)
  memory.writeU32(at + 8, 0)
  memory.writeU32(at + 12, 0)
}
