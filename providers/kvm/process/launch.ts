import { launchProcess } from '../../../src/background/index.ts'
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
 * Node 20.20 begins each of its environments, the process's and one a vCPU, with a search for three primes that its hash
 * tables are seeded with, 3 to 15 ms long; from this seed it takes 3. A known seed lets whoever chooses many keys of a
 * table make them collide; here only the guest could, and would slow itself down. What must be random comes from the
 * kernel (node:crypto).
 */
export const nodeFlags: readonly string[] = ['--random-seed=32']

/**
 * Starts a machine's process and waits until its vCPUs run. Its error output goes to the provider's log.
 *
 * @throws PosadaError why the process failed, or E_KVM_START
 */
export async function launchVmm(config: VmmConfig, signal?: AbortSignal): Promise<void> {
  await launchProcess({
    file: entryPoint('kvm-vmm', config.entries),
    flags: nodeFlags,
    arguments: [config.spec.name, config.spec.id],
    config,
    log: config.spec.files.providerLog,
    what: 'the hypervisor',
    code: 'E_KVM_START',
    limit: launchLimit,
    ...(signal === undefined ? {} : { signal }),
  })
}
