import { PosadaError } from '../../../src/errors/index.ts'

/**
 * The part of a bzImage's setup header that a loader needs (Linux, Documentation/arch/x86/boot.rst, "The
 * Real-Mode Kernel Header").
 */
export interface SetupHeader {
  /** The header as it lies in the file, from `headerStart` on, to be copied into the zero page. */
  bytes: Uint8Array
  /** Where the protected-mode kernel begins in the file, and how long it is. */
  kernelOffset: number
  kernelSize: number
  /** Where it wants to run, and the room it needs there until it has set up its memory. */
  preferredAddress: number
  initSize: number
  /** Highest address that a byte of the initrd may have. */
  initrdAddressMax: number
  /** Bytes of the command line, without the terminating zero. */
  commandLineSize: number
}

/** Where the header begins, in the file as in the zero page. */
export const headerStart = 0x1f1

/** Offsets of fields, in the file as in the zero page. */
export const field = {
  setupSects: 0x1f1,
  sysSize: 0x1f4,
  bootFlag: 0x1fe,
  jumpLength: 0x201,
  magic: 0x202,
  version: 0x206,
  typeOfLoader: 0x210,
  ramdiskImage: 0x218,
  ramdiskSize: 0x21c,
  cmdLinePtr: 0x228,
  initrdAddrMax: 0x22c,
  relocatableKernel: 0x234,
  xloadflags: 0x236,
  cmdlineSize: 0x238,
  prefAddress: 0x258,
  initSize: 0x260,
} as const

/** Bytes of the file that `parseSetupHeader` wants to see; the header is below 0x300. */
export const headerRegion = 1024

/** Version 2.12 brought xloadflags and with it the 64-bit entry point. */
const minimumVersion = 0x20c
const XLF_KERNEL_64 = 1

/**
 * @param start the first `headerRegion` bytes of the file
 * @param fileSize of the whole file, in bytes
 * @throws PosadaError E_KERNEL_INVALID
 */
export function parseSetupHeader(start: Uint8Array, fileSize: number, path: string): SetupHeader {
  const refuse = (message: string, hint?: string) =>
    new PosadaError('E_KERNEL_INVALID', message, { value: path, ...(hint === undefined ? {} : { hint }) })
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
  if (start.length < headerRegion || view.getUint16(field.bootFlag, true) !== 0xaa55 || !isMagic(start)) {
    throw refuse(
      `${path} is not a Linux kernel`,
      'use a bzImage (vmlinuz) or an uncompressed vmlinux for x86-64',
    )
  }
  const version = view.getUint16(field.version, true)
  const is64Bit = version >= minimumVersion && (view.getUint16(field.xloadflags, true) & XLF_KERNEL_64) !== 0
  if (!is64Bit)
    throw refuse(`${path} is a kernel without a 64-bit entry point`, 'use a kernel for x86-64, 3.8 or later')
  if (view.getUint8(field.relocatableKernel) === 0) throw refuse(`${path} is not a relocatable kernel`)

  // 0 means 4, for the sake of old kernels. The first sector holds the boot sector.
  const kernelOffset = ((view.getUint8(field.setupSects) || 4) + 1) * 512
  const kernelSize = view.getUint32(field.sysSize, true) * 16
  // The size is rounded up to 16 bytes.
  if (kernelSize <= 0x200 || kernelOffset + kernelSize > fileSize + 15) {
    throw refuse(
      `${path} is truncated: ${fileSize} bytes of ${kernelOffset + kernelSize}`,
      'download or copy it again',
    )
  }
  // Two jump instruction bytes; the second is the length of what follows, up to the header's end.
  const end = Math.min(field.magic + view.getUint8(field.jumpLength), headerRegion)
  const preferredAddress = view.getUint32(field.prefAddress, true)
  if (view.getUint32(field.prefAddress + 4, true) !== 0) throw refuse(`${path} asks to run above 4 GiB`)
  return {
    bytes: start.slice(headerStart, Math.max(end, field.initSize + 4)),
    kernelOffset,
    kernelSize,
    preferredAddress,
    initSize: view.getUint32(field.initSize, true),
    initrdAddressMax: view.getUint32(field.initrdAddrMax, true),
    commandLineSize: view.getUint32(field.cmdlineSize, true),
  }
}

function isMagic(start: Uint8Array): boolean {
  return Buffer.from(start.subarray(field.magic, field.magic + 4)).toString('latin1') === 'HdrS'
}
