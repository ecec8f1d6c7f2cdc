import type { Machine } from '../../manifest/index.ts'
import type { Arch } from '../../provider/index.ts'

/** The architecture to look for: `host` is this computer's. */
export function wantedArch(config: Machine, host: string = process.arch): Arch {
  if (config.arch !== 'host') return config.arch
  return host === 'arm64' ? 'aarch64' : 'x86_64'
}
