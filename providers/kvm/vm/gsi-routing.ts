import type { MsiMessage } from '../bus/device.ts'
import { irqchip, irqRouting, structSize } from '../ffi/kvm-abi.ts'
import { ioApicPins } from '../memory/layout.ts'

/**
 * struct kvm_irq_routing (KVM api.rst, 4.52) for the whole machine, for a call replaces all routes: pins of
 * the I/O APIC and, for the first 16, of the two PICs, as KVM sets them up itself; then one entry a message.
 */
export function encodeGsiRouting(messages: ReadonlyMap<number, MsiMessage>): Uint8Array {
  const entries = [...pinRoutes(), ...messageRoutes(messages)]
  const { irqRoutingHeader: header, irqRoutingEntry: size } = structSize
  const data = new Uint8Array(header + entries.length * size)
  const view = new DataView(data.buffer)
  view.setUint32(0, entries.length, true)
  entries.forEach(({ gsi, type, values }, index) => {
    const at = header + index * size
    view.setUint32(at, gsi, true)
    view.setUint32(at + 4, type, true)
    // flags and padding, then the union from byte 16 on.
    values.forEach((value, i) => {
      view.setUint32(at + 16 + 4 * i, value, true)
    })
  })
  return data
}

interface Route {
  gsi: number
  type: number
  values: readonly number[]
}

function* pinRoutes(): Generator<Route> {
  for (let pin = 0; pin < ioApicPins; pin++) {
    if (pin < 8) yield { gsi: pin, type: irqRouting.IRQCHIP, values: [irqchip.PIC_MASTER, pin] }
    else if (pin < 16) yield { gsi: pin, type: irqRouting.IRQCHIP, values: [irqchip.PIC_SLAVE, pin - 8] }
    yield { gsi: pin, type: irqRouting.IRQCHIP, values: [irqchip.IOAPIC, pin] }
  }
}

function* messageRoutes(messages: ReadonlyMap<number, MsiMessage>): Generator<Route> {
  for (const [gsi, { addressLow, addressHigh, data }] of messages) {
    yield { gsi, type: irqRouting.MSI, values: [addressLow, addressHigh, data] }
  }
}
