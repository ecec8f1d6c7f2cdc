import { checkShares, startMachine, withShares } from '../../src/provider-kit/index.ts'
import { kvm } from './hypervisor.ts'
import { launchVmm } from './process/launch.ts'
import type { LaunchConfig } from './process/vmm-config.ts'

export async function start(config: LaunchConfig, signal?: AbortSignal): Promise<void> {
  const { spec } = config
  const prepare = async () => {
    await checkShares(spec)
    return () => withShares(spec, { code: 'E_KVM_START', work: () => launchVmm(config, signal) })
  }
  await startMachine(kvm, { spec, prepare, signal })
}
