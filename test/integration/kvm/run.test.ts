import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { BusDevice } from '../../../providers/kvm/bus/device.ts'
import { pageTables } from '../../../providers/kvm/memory/layout.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import { type SmallGuest, startSmallGuest } from './small-guest.ts'

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

  it('carries memory accesses outside RAM, and ones where nobody answers', async () => {
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
    ['reads a port nobody answers, for ever', [0xe4, 0x62, 0xeb, 0xfc]], // in al, 0x62; jmp to it
  ])('pauses, resumes and stops a guest that %s', async (_what, code) => {
    const { machine } = await start(code)
    for (let round = 0; round < 5; round++) {
      machine.resume()
      await delay(round)
      await machine.pause()
      const exits = machine.exits()
      await delay(5)
      expect(machine.exits()).toBe(exits)
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
    expect(machine.exits()).toBe(0)
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
const soon = { interval: 5, timeout: 3000 }

/** mov al, letter; out dx, al: for each letter. */
function print(text: string): number[] {
  return [...text].flatMap((letter) => [0xb0, letter.charCodeAt(0), 0xee])
}
