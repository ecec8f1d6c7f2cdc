import { closeSync, writeFileSync, writeSync } from 'node:fs'
import { launchProcess } from '../../../src/background/index.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { kvmFiles } from '../files.ts'
import { allDone } from './all-done.ts'
import { entryPoint } from './entry-points.ts'

/** What a machine's process is told. */
export interface VmmConfig {
  spec: MachineSpec
  /** Folder of the built files of threads. */
  entries: string
  /** Where unpacked kernels are kept; may be emptied at any time. */
  cacheDir: string
  /** How it reaches the outside; null: it does not. */
  uplink: Uplink | null
}

/** Descriptors of a machine's process. */
export interface Uplink {
  /** To passt, a pair of sockets. */
  passt: number
  /** A byte comes here once passt runs; the end without one: it does not. */
  ready: number
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
 * Starts a machine's process and waits until its vCPUs run, and beside it passt, where the machine has a way out.
 * Its error output goes to the provider's log.
 *
 * @throws PosadaError why either failed, or E_KVM_START
 */
export async function launchVmm(config: LaunchConfig, signal?: AbortSignal): Promise<void> {
  const nic = config.spec.nics.find(({ kind }) => kind === 'user')
  if (nic?.kind !== 'user') return await launch({ ...config, uplink: null }, [], signal)
  const [{ passtPair, startPasst }, { socketPair }] = await Promise.all([
    import('../net/passt.ts'),
    import('../ffi/sockets.ts'),
  ])
  const [ours, its] = passtPair()
  const [go, ready] = socketPair()
  const { forwards, isolated = false } = nic
  const startNetwork = async () => {
    try {
      await startPasst({ forwards, isolated, machine: config.spec.name }, its)
      writeSync(go, '\n')
    } finally {
      closeSync(go)
    }
  }
  const uplink = { passt: firstDescriptor, ready: firstDescriptor + 1 }
  try {
    // Where passt fails that is the reason, whatever the machine's process says.
    await allDone([startNetwork(), launch({ ...config, uplink }, [ours, ready], signal)])
  } finally {
    // passt ends by itself where no machine has the other end.
    for (const descriptor of [ours, its, ready]) closeSync(descriptor)
  }
}

/** What a machine is started with. */
export type LaunchConfig = Omit<VmmConfig, 'uplink'>

/** Of those that the process is given besides the standard ones. */
const firstDescriptor = 3

async function launch(config: VmmConfig, descriptors: number[], signal?: AbortSignal): Promise<void> {
  // Neither waited for nor flushed, as the machine waits: a power cut that loses it ends the process too.
  writeFileSync(kvmFiles(config.spec).starting, '', { mode: 0o600 })
  await launchProcess({
    file: entryPoint('kvm-vmm', config.entries),
    flags: nodeFlags,
    arguments: [config.spec.name, config.spec.id],
    config,
    log: config.spec.files.providerLog,
    what: 'the hypervisor',
    code: 'E_KVM_START',
    limit: launchLimit,
    descriptors,
    ...(signal === undefined ? {} : { signal }),
  })
}
