import { startMachine } from '../../src/provider-kit/index.ts'
import { kvm } from './hypervisor.ts'
import { launchVmm } from './process/launch.ts'
import type { LaunchConfig } from './process/vmm-config.ts'

export async function start(config: LaunchConfig, signal?: AbortSignal): Promise<void> {
  const launch = () => launchVmm(config, signal)
  await startMachine(kvm, { spec: config.spec, prepare: async () => launch, signal })
}
