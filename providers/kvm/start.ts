import { writeFileSync } from 'node:fs'
import { startMachine } from '../../src/provider-kit/index.ts'
import { kvmFiles } from './files.ts'
import { kvm } from './hypervisor.ts'
import { launchVmm, type VmmConfig } from './process/launch.ts'

export async function start(config: VmmConfig, signal?: AbortSignal): Promise<void> {
  const { spec } = config
  const launch = async () => {
    // Neither waited for nor flushed, as the machine waits: a power cut that loses it ends the process too.
    writeFileSync(kvmFiles(spec).starting, '', { mode: 0o600 })
    await launchVmm(config, signal)
  }
  await startMachine(kvm, { spec, prepare: async () => launch, signal })
}
