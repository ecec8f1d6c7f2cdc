import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { BusDevice } from '../../../providers/kvm/bus/device.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import { type SmallGuest, startSmallGuest } from './small-guest.ts'

const counterAddress = 0x200000
/** What the guest does, 64-bit: counts in a register and in memory, and hands on each byte that it reads. */
const handingOn = [
  ...[0x31, 0xdb], // xor ebx, ebx
  ...[0xe4, 0x70], // again: in al, 0x70
  ...[0x48, 0xff, 0xc3], // inc rbx
  ...[0x48, 0x89, 0x1c, 0x25, 0x00, 0x00, 0x20, 0x00], // mov [counterAddress], rbx
  ...[0xe6, 0x71], // out 0x71, al
  ...[0xeb, 0xef], // jmp to again
]

// Guests of a few instructions; below two seconds in all.
describe.skipIf(!hasKvm)('a machine that was saved (needs /dev/kvm)', () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  beforeAll(async () => {
    entries = await buildKvmEntries()
  })
  afterAll(() => entries.remove())

  const start = (code: number[] | SmallGuest) => startSmallGuest({ folder: entries.folder, code })

  it('goes on in another, with its registers and memory, in the midst of an instruction too', async () => {
    let given = 0
    let taken = 0
    const device: BusDevice = {
      read: (_offset, data) => data.fill(given++),
      // Each exactly once, in order.
      write: (_offset, data) => expect(data[0]).toBe(taken++ & 0xff),
    }
    let guest = await start(handingOn)
    try {
      guest.machine.ports.claim(0x70, 2, device)
      for (let round = 0; round < 8; round++) {
        const before = taken
        guest.machine.resume()
        await vi.waitFor(() => expect(taken).toBeGreaterThan(before + 20), { interval: 2, timeout: 5000 })
        await delay(round / 4)
        await guest.machine.pause()
        const next = await start(guest)
        await guest.close()
        guest = next
        guest.machine.ports.claim(0x70, 2, device)
      }
      const counted = guest.machine.ram.memory.readU32(counterAddress) ?? 0
      expect([counted, counted - 1, counted + 1]).toContain(taken)
      expect(given - taken).toBeLessThanOrEqual(1)
    } finally {
      await guest.close()
    }
  })

  it('is not saved while it runs', async () => {
    const guest = await start(handingOn)
    try {
      guest.machine.resume()
      expect(() => guest.machine.save()).toThrow('does not stand still')
    } finally {
      await guest.close()
    }
  })
})
