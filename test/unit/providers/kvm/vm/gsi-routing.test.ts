import { describe, expect, it } from 'vitest'
import { encodeGsiRouting } from '../../../../../providers/kvm/vm/gsi-routing.ts'

describe('GSI routes', () => {
  it('keep the pins of the PICs and the I/O APIC beside the messages', () => {
    const message = { addressLow: 0xfee01000, addressHigh: 0, data: 0x4041 }
    const data = encodeGsiRouting(new Map([[24, message]]))
    const view = new DataView(data.buffer)
    const count = view.getUint32(0, true)
    const entries = Array.from({ length: count }, (_, i) =>
      [0, 4, 16, 20, 24].map((field) => view.getUint32(8 + i * 48 + field, true)),
    )
    expect(data.length).toBe(8 + 48 * count)
    // 16 pins of PICs, 24 of the I/O APIC, one message.
    expect(count).toBe(16 + 24 + 1)
    expect(
      entries.filter(([, type, chip]) => type === 1 && chip === 1).map(([gsi, , , pin]) => [gsi, pin]),
    ).toEqual(Array.from({ length: 8 }, (_, pin) => [pin + 8, pin]))
    expect(
      entries.filter(([, type, chip]) => type === 1 && chip === 2).map(([gsi, , , pin]) => [gsi, pin]),
    ).toEqual(Array.from({ length: 24 }, (_, pin) => [pin, pin]))
    expect(entries.at(-1)).toEqual([24, 2, 0xfee01000, 0, 0x4041])
  })
})
