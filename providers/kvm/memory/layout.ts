/**
 * Every guest physical address that this hypervisor chooses, lowest first. x86 fixes a few of them; the
 * rest is free as long as it stays apart (held by a test).
 *
 *     0x0000_0500  GDT                       0x0010_0000  kernel and RAM upwards
 *     0x0000_6000  PVH start info            0xc000_0000  hole: PCI BARs
 *     0x0000_7000  zero page                 0xfec0_0000  I/O APIC
 *     0x0000_8ff0  boot stack, downwards     0xfee0_0000  local APIC
 *     0x0000_9000  page tables               0xfffb_c000  KVM's identity map and TSS
 *     0x0002_0000  kernel command line       1_0000_0000  rest of RAM
 *     0x0009_fc00  ACPI tables
 *     0x000e_0000  RSDP
 *     0x000e_1000  generation id
 */

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** Boot data, used until the kernel has taken over and part of RAM for it. */
export const gdtAddress = 0x500
export const pvhStartInfo = 0x6000
export const zeroPage = 0x7000
export const bootStack = 0x8ff0
/** PML4, PDPT and PD, a page each: 0x9000, 0xa000, 0xb000. */
export const pageTables = 0x9000
export const commandLine = 0x20000
/** Bytes, with the terminating zero; COMMAND_LINE_SIZE of Linux on x86 (asm/setup.h). */
export const commandLineLimit = 2048

/** Where conventional memory ends for the kernel: RAM below, reserved to 1 MiB. */
export const lowRamEnd = 0x9fc00
/** Tables between here and the RSDP: 0xe0000 - 0x9fc00 = 257 KiB. */
export const acpiTables = 0x9fc00
/** Found at a 16-byte boundary between 0xe0000 and 0xfffff (ACPI 6.4, §5.2.5.1). */
export const rsdp = 0xe0000
/** 16 bytes that are others whenever the machine is another than its guest believes. */
export const generationId = 0xe1000

export const highRamStart = 1 * MiB

/** 1 GiB below 4 GiB belongs to devices; the RAM that would lie there continues at 4 GiB. */
export const holeStart = 3 * GiB
export const holeEnd = 4 * GiB

/** For PCI BARs: 0xc0000000 to 0xfebfffff. */
export const pciMemory = { base: holeStart, size: 0xfec00000 - holeStart } as const
/** Ports for PCI BARs. 0xcf8 to 0xcff is the configuration mechanism itself. */
export const pciPorts = { base: 0x1000, size: 0x10000 - 0x1000 } as const
export const pciConfigPorts = { base: 0xcf8, size: 8 } as const

/** Fixed by x86 and KVM's irqchip (Intel SDM 3A, §11.4.1; 82093AA). */
export const ioApic = 0xfec00000
export const localApic = 0xfee00000

/** A page, and three pages above it, that KVM wants on Intel for its own (KVM api.rst, 4.36 and 4.40). */
export const identityMap = 0xfffbc000
export const tss = identityMap + 4 * KiB

/** Ports and interrupts of the platform devices. */
export const serialPort = { base: 0x3f8, size: 8, gsi: 4 } as const
/** Only the reset command of the keyboard controller is there. */
export const keyboardController = { data: 0x60, command: 0x64 } as const
/** One register for reset and sleep, and the sleep status register after it. */
export const powerPort = { base: 0x600, size: 2 } as const
/** The interrupt that tells the guest of the power button. */
export const powerButtonGsi = 9
/** The one that tells it of another generation id. */
export const generationGsi = 10
/** GSIs of the I/O APIC's 24 pins come first; message-signalled interrupts have GSIs after these. */
export const ioApicPins = 24

/** A run of RAM: where the guest sees it, and where it lies in the host's mapping of all RAM. */
export interface RamRegion {
  base: number
  size: number
  offset: number
}

/** Where `size` bytes of RAM lie: up to 3 GiB from address 0, the rest from 4 GiB. */
export function ramRegions(size: number): RamRegion[] {
  const low = Math.min(size, holeStart)
  const regions = [{ base: 0, size: low, offset: 0 }]
  if (size > low) regions.push({ base: holeEnd, size: size - low, offset: low })
  return regions
}
