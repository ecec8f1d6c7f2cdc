import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { PciRoot } from '../../../providers/kvm/pci/root.ts'
import { RngDevice } from '../../../providers/kvm/virtio/devices/rng/device.ts'
import { VirtioPci } from '../../../providers/kvm/virtio/transport/pci/virtio-pci.ts'
import { DriverQueue } from '../../helpers/driver-queue.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import {
  awaitBits,
  awaitWord,
  configure,
  halt,
  say,
  store8,
  store16,
  store32,
  u16,
  u32,
} from './driver-code.ts'
import { startSmallGuest } from './small-guest.ts'

// The guest's page tables map the first GiB, so its PCI window lies there instead of above 3 GiB.
const window = { base: 0x2000_0000, size: 0x100_0000 }
const bar = window.base
const rings = 0x20_0000
const buffer = 0x21_0000
const vector = 0x41
const localApic = 0xfee0_0000

/** The driver's part of virtio 1.2, §3.1.1, over the structures of the BAR, then one request. */
function driverCode(slot: number, msixCapability: number, queue: DriverQueue): number[] {
  const { size, descriptors, available, used } = queue.setup
  const entry = bar + 0x4000 + 16
  return [
    ...configure(slot, 0x04, 6),
    ...store32(entry, localApic),
    ...store32(entry + 8, vector),
    ...store32(entry + 12, 0),
    ...configure(slot, msixCapability + 2, 0x8000),
    ...[0, 1, 3].flatMap((status) => store8(bar + 20, status)),
    ...store32(bar + 8, 1),
    ...store32(bar + 12, 1),
    ...store8(bar + 20, 11),
    ...store16(bar + 22, 0),
    ...store16(bar + 24, size),
    ...store16(bar + 26, 1),
    ...store32(bar + 32, descriptors),
    ...store32(bar + 40, available),
    ...store32(bar + 48, used),
    ...store16(bar + 28, 1),
    ...store8(bar + 20, 15),
    // The local APIC takes interrupts once it is on; they stay pending, as the guest has them off.
    ...store32(localApic + 0xf0, 0x1ff),
    ...store16(available + 2, 1),
    ...store16(bar + 0x3000, 0),
    ...awaitWord(used + 2, 1),
    ...say('u'),
    ...awaitBits(localApic + 0x200 + 0x10 * (vector >> 5), 1 << (vector & 31)),
    ...say('i'),
    ...halt,
  ]
}

describe.skipIf(!hasKvm)('virtio over PCI in a guest (needs /dev/kvm; below a second)', () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  beforeAll(async () => {
    entries = await buildKvmEntries()
  })
  afterAll(() => entries.remove())

  it('serves a request: doorbell by ioeventfd, interrupt by MSI-X', async () => {
    const guest = await startSmallGuest({ folder: entries.folder, code: [] })
    try {
      const { machine } = guest
      const { ram, ports, memory: mmio, interrupts: msi, doorbells: notifier } = machine
      const faults: string[] = []
      const onFault = (reason: string) => faults.push(reason)
      const pci = new VirtioPci({ device: new RngDevice(), memory: ram.memory, mmio, msi, notifier, onFault })
      const slot = new PciRoot({ ports, state: machine.pciConfig, window }).add(pci)
      const writes: number[] = []
      const write = pci.write.bind(pci)
      pci.write = (offset, data) => {
        writes.push(offset)
        write(offset, data)
      }
      const queue = new DriverQueue(ram.memory, { size: 8, at: rings })
      queue.submit([{ at: buffer, length: 64, write: true }])
      queue.availableIndex = 0
      const code = driverCode(slot, capability(pci, 0x11), queue)
      ram.memory.slice(0x10_0000, code.length)?.set(code)
      // A page directory for 3 to 4 GiB with one page of 2 MiB, so that the guest can look at its local APIC.
      ram.memory.writeU32(0xa000 + 3 * 8, 0xc003)
      ram.memory.writeU32(0xc000 + ((localApic - 0xc000_0000) / 2 ** 21) * 8, localApic | 0x83)
      machine.resume()
      await vi.waitFor(() => expect(guest.output()).toBe('ui'), { timeout: 5000, interval: 5 })
      expect(queue.takeUsed()).toEqual([{ head: 0, written: 64 }])
      expect(new Set(ram.memory.slice(buffer, 64)).size).toBeGreaterThan(16)
      expect(faults).toEqual([])
      // The doorbell was not an exit: the device saw every other write, and not that one.
      expect(writes.length).toBeGreaterThan(10)
      expect(writes.filter((offset) => offset >= 0x3000 && offset < 0x4000)).toEqual([])
    } finally {
      await guest.close()
    }
  })
})

describe.skipIf(!hasKvm)('the PCI bus in a guest (needs /dev/kvm; below a second)', () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  beforeAll(async () => {
    entries = await buildKvmEntries()
  })
  afterAll(() => entries.remove())

  it('is read with one exit a register, and without the thread of the devices', async () => {
    // mov dx, 0xcf8; mov eax, device 0; out dx, eax; mov dx, 0xcfc; in eax, dx
    const look = [
      ...[0x66, 0xba, ...u16(0xcf8), 0xb8, ...u32(0x8000_0000), 0xef],
      0x66,
      0xba,
      ...u16(0xcfc),
      0xed,
    ]
    const sayIt = [0x66, 0xba, ...u16(0x3f8), 0xee]
    const looks = 300
    const code = [...Array.from({ length: looks }, () => look).flat(), ...sayIt, ...halt]
    const guest = await startSmallGuest({ folder: entries.folder, code })
    try {
      const { machine } = guest
      const root = new PciRoot({ ports: machine.ports, state: machine.pciConfig, window })
      let asked = 0
      root.read = () => {
        asked++
      }
      machine.resume()
      // The first byte of the host bridge's vendor.
      await vi.waitFor(() => expect(guest.output()).toBe('6'), { timeout: 5000, interval: 5 })
      expect(asked).toBe(0)
      expect(machine.metrics()).toMatchObject([{ exits: { port: looks + 1, memory: 0 }, forwarded: 0 }])
    } finally {
      await guest.close()
    }
  })
})

/** Where the function has a capability in its configuration. */
function capability(pci: VirtioPci, wanted: number): number {
  const read = (offset: number) => {
    const byte = new Uint8Array(1)
    pci.readConfig(offset, byte)
    return byte[0] ?? 0
  }
  let at = read(0x34)
  while (at !== 0 && read(at) !== wanted) at = read(at + 1)
  return at
}
