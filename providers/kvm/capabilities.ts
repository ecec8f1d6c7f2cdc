import { findProgram } from '../../src/lib/process/find-program.ts'
import type { Capabilities } from '../../src/provider/index.ts'
import { findVirtiofsd } from '../../src/provider-kit/index.ts'

/** Without passt, which joins guests to the network, there is vsock alone. */
export function capabilities(): Capabilities {
  const network = findProgram('passt') !== null
  return {
    arch: ['x86_64'],
    boot: ['kernel'],
    pause: true,
    snapshot: true,
    nested: true,
    agent: true,
    ready: true,
    media: true,
    limits: true,
    memoryRange: true,
    udpForward: network,
    network,
    switchNics: true,
    isolation: true,
    hostAccess: true,
    shares: findVirtiofsd() !== null,
  }
}
