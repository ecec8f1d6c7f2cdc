import { PosadaError } from '../../../src/errors/index.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'
import {
  commandLine,
  commandLineLimit,
  highRamStart,
  holeStart,
  pvhStartInfo,
  rsdp,
  zeroPage,
} from '../memory/layout.ts'
import type { EntryState } from '../vcpu/initial-state.ts'
import { isElf, readPvhKernel } from './elf.ts'
import { type ImageFile, openImage } from './kernel-file.ts'
import { enterLongMode } from './long-mode.ts'
import { memoryMap } from './memory-map.ts'
import { enterProtectedMode } from './protected-mode.ts'
import { headerRegion, parseSetupHeader } from './setup-header.ts'
import { buildStartInfo } from './start-info.ts'
import { buildZeroPage } from './zero-page.ts'

export interface KernelOptions {
  kernel: string
  initrd?: string
  cmdline: string
}

/** The initrd of a kernel whose header says nothing else: below 2 GiB, as for all 64-bit kernels. */
const initrdLimit = 0x7fffffff
const pageSize = 4096

/**
 * Puts kernel, initrd and boot parameters into guest memory. A bzImage is entered by the 64-bit protocol, an
 * uncompressed kernel by PVH, which saves the time to unpack it.
 *
 * @throws PosadaError E_KERNEL_INVALID, E_MEMORY_TOO_SMALL, E_VALUE_INVALID; the system's errors of reading
 */
export function loadKernel(memory: GuestMemory, options: KernelOptions): EntryState {
  const kernel = openImage(options.kernel)
  try {
    const initrd = options.initrd === undefined ? null : openImage(options.initrd)
    try {
      const start = kernel.read(0, headerRegion)
      const load = isElf(start) ? loadPvh : loadBzImage
      return load({ memory, kernel, initrd, cmdline: options.cmdline })
    } finally {
      initrd?.close()
    }
  } finally {
    kernel.close()
  }
}

interface Loading {
  memory: GuestMemory
  kernel: ImageFile
  initrd: ImageFile | null
  cmdline: string
}

function loadBzImage({ memory, kernel, initrd: file, cmdline }: Loading): EntryState {
  const header = parseSetupHeader(kernel.read(0, headerRegion), kernel.size, kernel.path)
  writeCommandLine(memory, cmdline, header.commandLineSize)
  // It unpacks itself to its preferred address and needs its init size from there.
  const kernelEnd = Math.max(header.preferredAddress + header.initSize, highRamStart + header.kernelSize)
  requireRoom(memory, kernelEnd, kernel.path)
  const highest = Math.min(header.initrdAddressMax, initrdLimit)
  const initrd = loadInitrd(memory, file, { kernelEnd, highest })
  const { kernelOffset: offset, kernelSize: length } = header
  kernel.load(memory, highRamStart, { offset, length })
  const page = buildZeroPage({ header, commandLine, rsdp, initrd, memory: memoryMap(memory.regions) })
  memory.slice(zeroPage, page.length)?.set(page)
  // The 64-bit entry point is 0x200 after the 32-bit one.
  return enterLongMode(memory, { rip: highRamStart + 0x200, rsi: zeroPage })
}

function loadPvh({ memory, kernel, initrd: file, cmdline }: Loading): EntryState {
  const { segments, entry } = readPvhKernel(kernel)
  writeCommandLine(memory, cmdline, commandLineLimit - 1)
  let kernelEnd = highRamStart
  for (const { address, memorySize } of segments) {
    if (address < highRamStart) {
      throw new PosadaError('E_KERNEL_INVALID', `${kernel.path} asks to be loaded below 1 MiB`, {
        value: kernel.path,
      })
    }
    kernelEnd = Math.max(kernelEnd, address + memorySize)
  }
  requireRoom(memory, kernelEnd, kernel.path)
  const initrd = loadInitrd(memory, file, { kernelEnd, highest: initrdLimit })
  for (const { address, offset, fileSize: length } of segments)
    kernel.load(memory, address, { offset, length })
  const map = memoryMap(memory.regions)
  const info = buildStartInfo({ address: pvhStartInfo, commandLine, rsdp, initrd, memory: map })
  memory.slice(pvhStartInfo, info.length)?.set(info)
  return enterProtectedMode({ rip: entry, rbx: pvhStartInfo })
}

function writeCommandLine(memory: GuestMemory, cmdline: string, limit: number): void {
  const bytes = Buffer.from(`${cmdline}\0`, 'latin1')
  const allowed = Math.min(limit, commandLineLimit - 1)
  if (bytes.length - 1 > allowed || cmdline.includes('\0')) {
    throw new PosadaError(
      'E_VALUE_INVALID',
      `the kernel's command line is ${bytes.length - 1} bytes long; at most ${allowed} are allowed`,
      {
        value: cmdline,
      },
    )
  }
  memory.slice(commandLine, bytes.length)?.set(bytes)
}

function requireRoom(memory: GuestMemory, end: number, path: string): void {
  const available = lowRam(memory)
  if (end > available) throw tooSmall(`${path} needs ${mebibytes(end)} of memory to start`, available)
}

/** As high as may be, so that the kernel below has room to grow. */
function loadInitrd(
  memory: GuestMemory,
  file: ImageFile | null,
  { kernelEnd, highest }: { kernelEnd: number; highest: number },
): { address: number; size: number } | null {
  if (file === null || file.size === 0) return null
  const available = lowRam(memory)
  const top = Math.min(available, highest + 1, holeStart)
  const address = Math.floor((top - file.size) / pageSize) * pageSize
  if (address < kernelEnd) {
    throw tooSmall(
      `${file.path} of ${mebibytes(file.size)} does not fit beside the kernel, which needs ${mebibytes(kernelEnd)}`,
      available,
    )
  }
  file.load(memory, address, { offset: 0, length: file.size })
  return { address, size: file.size }
}

function lowRam(memory: GuestMemory): number {
  return memory.regions[0]?.size ?? 0
}

function tooSmall(what: string, available: number): PosadaError {
  return new PosadaError('E_MEMORY_TOO_SMALL', `${what}; the machine has ${mebibytes(available)}`, {
    value: mebibytes(available),
    hint: 'give the machine more memory in the manifest',
  })
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)}MiB`
}
