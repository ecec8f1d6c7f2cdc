import type { ConfigSpace } from '../../../pci/config-space.ts'
import { msix } from '../../../pci/msix.ts'

/** Bytes of BAR 0, which holds every structure of the device. */
export const barSize = 0x8000

/** Where each structure lies in BAR 0, a page each, so that a driver can map it alone. */
export const regions = {
  common: { offset: 0x0000, length: 56 },
  isr: { offset: 0x1000, length: 1 },
  device: { offset: 0x2000, length: 0x1000 },
  /** The doorbell of queue n is at `offset + 4 × n`. */
  notify: { offset: 0x3000, length: 0x1000 },
  msixTable: { offset: 0x4000, length: 0x1000 },
  msixPending: { offset: 0x5000, length: 0x1000 },
} as const

export type Region = keyof typeof regions

export const notifyMultiplier = 4

/** Types of virtio structures, and the capability that wraps them (virtio 1.2, §4.1.4). */
const vendorSpecific = 0x09
const structure = { common: 1, notify: 2, isr: 3, device: 4, pciAccess: 5 } as const

/** Offsets of the fields of the PCI configuration access capability within it (§4.1.4.9). */
export const accessFields = { bar: 4, offset: 8, length: 12, data: 16, end: 20 } as const

export interface CapabilityOffsets {
  /** PCI configuration access. */
  readonly access: number
  /** MSI-X; message control is 2 bytes further. */
  readonly msix: number
}

/** Adds the capabilities that lead a driver to the structures (virtio 1.2, §4.1.4; PCI 3.0, §6.8.2). */
export function addCapabilities(
  config: ConfigSpace,
  options: { deviceLength: number; vectors: number },
): CapabilityOffsets {
  config.addCapability(vendorSpecific, wrapped(structure.common, regions.common))
  config.addCapability(vendorSpecific, wrapped(structure.isr, regions.isr))
  if (options.deviceLength > 0) {
    const place = { offset: regions.device.offset, length: options.deviceLength }
    config.addCapability(vendorSpecific, wrapped(structure.device, place))
  }
  config.addCapability(vendorSpecific, wrapped(structure.notify, regions.notify, notifyMultiplier))
  const access = config.addCapability(
    vendorSpecific,
    wrapped(structure.pciAccess, { offset: 0, length: 0 }, 0),
  )
  config.allow(access + accessFields.bar, 1, 0xff)
  config.allow(access + accessFields.offset, 4, 0xffff_ffff)
  config.allow(access + accessFields.length, 4, 0xffff_ffff)
  config.markLive(access + accessFields.data, accessFields.end - accessFields.data)

  const body = Buffer.alloc(10)
  body.writeUInt16LE(options.vectors - 1, 0)
  body.writeUInt32LE(regions.msixTable.offset, 2)
  body.writeUInt32LE(regions.msixPending.offset, 6)
  const table = config.addCapability(msix.id, body)
  config.allow(table + 2, 2, msix.enable | msix.functionMask)
  return { access, msix: table }
}

/** struct virtio_pci_cap after its first two bytes, in BAR 0 (§4.1.4). */
function wrapped(type: number, place: { offset: number; length: number }, extra?: number): Buffer {
  const body = Buffer.alloc(extra === undefined ? 14 : 18)
  body.writeUInt8(body.length + 2, 0)
  body.writeUInt8(type, 1)
  body.writeUInt32LE(place.offset, 6)
  body.writeUInt32LE(place.length, 10)
  if (extra !== undefined) body.writeUInt32LE(extra, 14)
  return body
}

/** The structure that the whole of `[offset, offset + width)` lies in, and where in it. */
export function regionAt(offset: number, width: number): { region: Region; within: number } | null {
  for (const [region, place] of Object.entries(regions) as [Region, { offset: number; length: number }][]) {
    const within = offset - place.offset
    if (within >= 0 && within + width <= place.length) return { region, within }
  }
  return null
}
