import { findProgram } from '../../src/lib/process/find-program.ts'
import { type Arch, archs, hostArch } from '../../src/lib/values/arch.ts'
import type { Capabilities } from '../../src/provider/index.ts'
import { findVirtiofsd } from '../../src/provider-kit/index.ts'
import { systemProgram } from './binary.ts'
import { findUefi } from './firmware.ts'

/** Looks at which programs and firmware are installed, which takes less than a millisecond. */
export function capabilities(): Capabilities {
  const own = hostArch()
  const all = [own, ...archs.filter((one) => one !== own)]
  const arch = all.filter((one) => findProgram(systemProgram(one)) !== null)
  return {
    // Without any QEMU, what it would run once installed.
    arch: arch.length === 0 ? [own] : arch,
    boot: [
      'kernel',
      ...biosOf(arch),
      ...(arch.some((one) => findUefi(one) !== null) ? (['uefi'] as const) : []),
    ],
    pause: true,
    snapshot: true,
    nested: true,
    agent: true,
    media: true,
    installs: true,
    display: true,
    limits: true,
    memoryRange: true,
    udpForward: true,
    switchNics: true,
    isolation: true,
    hostAccess: true,
    shares: findVirtiofsd() !== null,
  }
}

function biosOf(arch: readonly Arch[]): 'bios'[] {
  return arch.includes('x86_64') ? ['bios'] : []
}
