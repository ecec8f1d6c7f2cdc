import type { PosadaError } from '../../../src/errors/index.ts'
import type { Arch, ProbeReport, ProviderContext } from '../../../src/provider/index.ts'
import type { Accelerator } from '../argv/index.ts'
import type { StartHost } from '../start.ts'

export interface ProbeOptions {
  fresh?: boolean
  signal?: AbortSignal
}

export interface Probe extends StartHost {
  report(options?: ProbeOptions): Promise<ProbeReport>
}

export function createProbe(_context: ProviderContext): Probe {
  return {
    report: async () => ({ usable: true, accelerator: 'tcg', hardware: false, reason: 'QEMU runs with TCG' }),
    accelerator: async (): Promise<Accelerator> => 'tcg',
    sandbox: async () => true,
  }
}
export type { Arch, PosadaError }
