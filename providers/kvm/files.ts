import { join } from 'node:path'
import type { MachineSpec } from '../../src/provider/index.ts'

/** Bytes of the machine's log; the one before is kept beside it. */
export const providerLogLimit = 1024 * 1024

/** Every file that this provider makes for a machine, besides the disks and logs named in its spec. */
export interface KvmFiles {
  /** Control socket of the machine's process. */
  control: string
  ready: string
  agent: string
  /** There from before the machine's process is started until the record tells of it: the one in the record is older. */
  starting: string
  /** Programs of the host reach ports of the guest here; the guest reaches `<vsock>_<port>`. */
  vsock: string
  /** Who saves the machine's memory reads it here, once it was told to save it. */
  memory: string
  /** Held with flock(2) by the machine's process as long as it lives. */
  lock: string
  /** That the machine was made, and how its last run began and ended: RunRecord. */
  record: string
}

export function kvmFiles(spec: MachineSpec): KvmFiles {
  const { dataDir, runtimeDir } = spec.files
  return {
    control: join(runtimeDir, 'kvm.sock'),
    starting: join(runtimeDir, 'kvm.starting'),
    ready: join(runtimeDir, 'ready.sock'),
    agent: join(runtimeDir, 'agent.sock'),
    vsock: join(runtimeDir, 'vsock'),
    memory: join(runtimeDir, 'memory.sock'),
    lock: join(dataDir, 'kvm.lock'),
    record: join(dataDir, 'kvm.json'),
  }
}
