import { launchProcess } from '../../../src/background/launch.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { entryPoint } from './entry-points.ts'

/** What a machine's process is told. */
export interface VmmConfig {
  spec: MachineSpec
  /** Folder of the built files of threads. */
  entries: string
  /** Where unpacked kernels are kept; may be emptied at any time. */
  cacheDir: string
}

/** Milliseconds for the process to load kernel and initrd and start the vCPUs; it needs a quarter of a second. */
const launchLimit = 60_000

/**
 * Starts a machine's process and waits until its vCPUs run. Its error output goes to the provider's log.
 *
 * @throws PosadaError what the process failed of, or E_KVM_START
 */
export async function launchVmm(config: VmmConfig, signal?: AbortSignal): Promise<void> {
  await launchProcess({
    file: entryPoint('kvm-vmm', config.entries),
    arguments: [config.spec.name, config.spec.id],
    config,
    log: config.spec.files.providerLog,
    what: 'the hypervisor',
    code: 'E_KVM_START',
    limit: launchLimit,
    ...(signal === undefined ? {} : { signal }),
  })
}
