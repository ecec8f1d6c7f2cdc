import { findProgram } from '../../src/lib/process/find-program.ts'
import { archs, emulatorOf, hostArch } from '../../src/lib/values/arch.ts'
import type { Capabilities } from '../../src/provider/index.ts'
import { findVirtiofsd } from '../../src/provider-kit/index.ts'
import { findUefi, hasOwnFirmware } from './firmware.ts'

/** Looks at which programs and firmware are installed, which takes less than a millisecond. */
export function capabilities(): Capabilities {
  const own = hostArch()
  const all = [own, ...archs.filter((one) => one !== own)]
  const arch = all.filter((one) => findProgram(emulatorOf(one)) !== null)
  return {
    // Without any QEMU, what it would run once installed.
    arch: arch.length === 0 ? [own] : arch,
    boot: [
      'kernel',
      // Where none is installed, SLOF and the firmware of s390x come with QEMU.
      ...(arch.some(hasOwnFirmware) ? (['bios'] as const) : []),
      ...(arch.some((one) => findUefi(one) !== null) ? (['uefi'] as const) : []),
    ],
    pause: true,
    snapshot: true,
    nested: true,
    agent: true,
    ready: true,
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
