import { type Arch, hostArch } from '../../lib/values/arch.ts'
import type { Machine } from '../../manifest/index.ts'

/** The architecture to look for: `host` is this computer's. */
export function wantedArch(config: Machine, host: Arch = hostArch()): Arch {
  return config.arch === 'host' ? host : config.arch
}
