import type { Arch } from '../../../src/lib/values/arch.ts'

/** QEMU's machine of an architecture: what it is called, and what it has. QEMU manual, "System Emulation, Targets". */
export interface Board {
  /** As in `-machine`, and its own properties. */
  type: string
  properties: Record<string, string | boolean>
  /** How virtio devices are attached. */
  transport: 'pci' | 'ccw'
  /**
   * The property of the machine by which an emulated processor has the hypervisor extension; null: it has it anyway;
   * false: not tried.
   */
  nested: string | null | false
  /** An emulated processor, and its properties. */
  processor: { model: string; properties?: Record<string, boolean> }
  /** What boots a disk without UEFI: what the board comes with, a program that is loaded as a kernel, or nothing. */
  firmware: 'own' | { loaded: string; package: string } | null
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
    transport: 'pci',
    nested: null,
    processor: { model: 'max' },
    firmware: 'own',
    console: 'ttyS0',
    screen: 'VGA',
    keyboard: true,
    // As drivers for virtio are on no installer of Windows.
    discs: { controller: null, drive: 'ide-cd', bus: (index) => `ide.${index}` },
  },
  aarch64: {
    type: 'virt',
    properties: { 'gic-version': 'max' },
    transport: 'pci',
    nested: 'virtualization',
    // The real algorithm of pointer authentication takes most of the time of an emulated processor.
    processor: { model: 'max', properties: { 'pauth-impdef': true } },
    firmware: null,
    console: 'ttyAMA0',
    screen: 'virtio-gpu-pci',
    keyboard: false,
    discs: scsiDiscs,
  },
  riscv64: {
    type: 'virt',
    properties: {},
    transport: 'pci',
    nested: false,
    // There is a `max` from QEMU 8.2 on.
    processor: { model: 'rv64' },
    firmware: { loaded: '/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf', package: 'u-boot-qemu' },
    console: 'ttyS0',
    screen: 'virtio-gpu-pci',
    keyboard: false,
    discs: scsiDiscs,
  },
  ppc64le: {
    type: 'pseries',
    properties: {},
    transport: 'pci',
    nested: false,
    processor: { model: 'power9' },
    firmware: 'own',
    console: 'hvc0',
    screen: 'VGA',
    keyboard: false,
    discs: scsiDiscs,
  },
  s390x: {
    type: 's390-ccw-virtio',
    properties: {},
    transport: 'ccw',
    nested: false,
    processor: { model: 'max' },
    firmware: 'own',
    console: 'ttysclp0',
    screen: 'virtio-gpu-ccw',
    keyboard: false,
    discs: { ...scsiDiscs, controller: 'virtio-scsi-ccw' },
  },
}
