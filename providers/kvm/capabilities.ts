import type { Capabilities } from '../../src/provider/index.ts'

export function capabilities(): Capabilities {
  return {
    arch: ['x86_64'],
    boot: ['kernel'],
    pause: true,
    nested: true,
    agent: true,
    media: true,
    udpForward: true,
  }
}
