import { closeSync, openSync, writeFileSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { launchProcess, readHandshake } from '../../../src/background/index.ts'
import { koffiFolders } from '../../../src/lib/native/koffi.ts'
import { codeToKeep } from '../../../src/lib/process/load-program.ts'
import { pathRules } from '../confine/path-rules.ts'
import { kvmFiles } from '../files.ts'
import { allDone } from './all-done.ts'
import type { ConfinedLaunch } from './confined-launch.ts'
import { entryPoint } from './entry-points.ts'
import { openNetwork } from './open-network.ts'
import { connectShares } from './shares-served.ts'
import type { LaunchConfig, VmmConfig } from './vmm-config.ts'

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
export async function launchVmm(launched: LaunchConfig, signal?: AbortSignal): Promise<void> {
  const { memory: path, ...config } = launched
  const isConfined = process.env.POSADA_UNCONFINED !== '1'
  const version = isConfined ? (await import('../confine/landlock.ts')).landlockVersion() : 0
  const network = await openNetwork(config.spec)
  const code = codeToKeep(entryPoint('kvm-machine', config.entries), config.cacheDir)
  const memory = path === undefined ? null : openSync(path, 'r')
  const shares = await connectShares(config.spec)
  const given = [...(network?.descriptors ?? []), ...shares, memory ?? [], code?.descriptor ?? []].flat()
  const placeOf = (descriptor: number | null | undefined) =>
    descriptor == null ? null : firstDescriptor + given.indexOf(descriptor)
  const vmm: VmmConfig = {
    ...config,
    uplink: network === null ? null : { passt: firstDescriptor, ready: firstDescriptor + 1 },
    shares: shares.map((share) => firstDescriptor + given.indexOf(share)),
    memory: placeOf(memory),
    code: placeOf(code?.descriptor),
    confined: version > 0 ? 'files and calls' : isConfined ? 'calls' : 'nothing',
  }
  try {
    // Where passt fails that is the reason, whatever the machine's process says.
    await allDone([
      network?.start() ?? Promise.resolve(),
      launch(vmm, { descriptors: given, version, signal }),
    ])
  } finally {
    network?.close()
    for (const share of shares) closeSync(share)
    if (memory !== null) closeSync(memory)
    await code?.finish()
  }
}

/** Of the descriptors that the process is given besides the standard ones. */
const firstDescriptor = 3

interface Launching {
  descriptors: number[]
  /** Of Landlock; 0: files are not confined. */
  version: number
  signal: AbortSignal | undefined
}

async function launch(config: VmmConfig, { descriptors, version, signal }: Launching): Promise<void> {
  const { spec, entries, cacheDir } = config
  const options = {
    file: entryPoint('kvm-vmm', entries),
    flags: nodeFlags,
    arguments: [spec.name, spec.id],
    config,
    log: spec.files.providerLog,
    env: {},
    what: 'the hypervisor',
    code: 'E_KVM_START',
    limit: launchLimit,
    descriptors,
  } as const
  // Neither waited for nor flushed, as the machine waits: a power cut that loses it ends the process too.
  writeFileSync(kvmFiles(spec).starting, '', { mode: 0o600 })
  if (version === 0) return await launchProcess({ ...options, ...(signal === undefined ? {} : { signal }) })
  const program = [dirname(entryPoint('kvm-vmm', entries)), ...koffiFolders()]
  const rules = pathRules({ spec, program, runtime: process.execPath, cacheDir })
  await launchConfined(entryPoint('kvm-launch', entries), { options, rules, version }, signal)
}

/** By a thread that confines itself and starts the process: confined-launch.ts. */
async function launchConfined(file: string, launch: ConfinedLaunch, signal?: AbortSignal): Promise<void> {
  // Threads of libuv's pool are made by whoever needs one first, and have what that thread may do: it must not be that one.
  await access('/')
  signal?.throwIfAborted()
  const worker = new Worker(file, { workerData: launch, trackUnmanagedFds: false })
  const callOff = () => worker.postMessage('')
  signal?.addEventListener('abort', callOff)
  try {
    const said = await new Promise<string>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () => reject(new Error('the thread that starts a machine ended')))
    })
    signal?.throwIfAborted()
    const failure = said === '' ? null : readHandshake(said, launch.options)
    if (failure !== null) throw failure
  } finally {
    signal?.removeEventListener('abort', callOff)
    worker.unref()
  }
}
