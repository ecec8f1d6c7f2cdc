import type { Arch } from '../../../src/lib/values/arch.ts'

/** QEMU's machine of an architecture: what it is called, and what it has. QEMU manual, "System Emulation, Targets". */
export interface Board {
  /** As in `-machine`, and its own properties. */
  type: string
  properties: Record<string, string | boolean>
  /** The property of the machine by which an emulated processor has the hypervisor extension; null: it has it anyway. */
  nested: string | null
  /** Properties of an emulated processor. */
  processor: Record<string, boolean>
  /** What Linux calls the serial port. */
  console: string
  /** A screen that every guest of the architecture shows something on, from as early as it can. */
  screen: string
  /** Whether it has a keyboard as it is. */
  keyboard: boolean
  /** Drives for CDs that every firmware and installer knows: what they are joined to where that has to be added, and each. */
  discs: { controller: string | null; drive: string; bus: (index: number) => string }
}

const scsiDiscs: Board['discs'] = { controller: 'virtio-scsi-pci', drive: 'scsi-cd', bus: () => 'discs.0' }

export const boards: Record<Arch, Board> = {
  x86_64: {
    type: 'q35',
    properties: {},
    nested: null,
    processor: {},
    console: 'ttyS0',
    screen: 'VGA',
    keyboard: true,
    // As drivers for virtio are on no installer of Windows.
    discs: { controller: null, drive: 'ide-cd', bus: (index) => `ide.${index}` },
  },
  aarch64: {
    type: 'virt',
    properties: { 'gic-version': 'max' },
    nested: 'virtualization',
    // The real algorithm of pointer authentication takes most of the time of an emulated processor.
    processor: { 'pauth-impdef': true },
    console: 'ttyAMA0',
    screen: 'virtio-gpu-pci',
    keyboard: false,
    discs: scsiDiscs,
  },
}
