import { join } from 'node:path'
import type { ProcessIdentity } from '../lib/process-identity.ts'
import type { SshTarget } from '../ssh/index.ts'

/** What the process that forwards a guest's ports is told. */
export interface ForwarderConfig {
  machine: string
  target: SshTarget
  /** The machine's process: the forwarder ends when it has ended. */
  hypervisor: ProcessIdentity
  /** The machine's folder for sockets. */
  runtimeDir: string
  /** Ports of the guest that are not forwarded: SSH's, and those that the manifest forwards. */
  skip: number[]
  /** Ports of the host that belong to something else. */
  avoid: number[]
}

export function forwarderFiles(runtimeDir: string): { control: string; lock: string } {
  return { control: join(runtimeDir, 'forward.sock'), lock: join(runtimeDir, 'forward.lock') }
}
