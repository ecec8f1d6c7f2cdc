import type { QemuOptions } from '../options.ts'

export type Accelerator = 'kvm' | 'hvf' | 'tcg'

/** All that the command line depends on besides the machine itself. */
export interface HostFacts {
  accelerator: Accelerator
  /** Whether this QEMU was built with seccomp. */
  sandbox: boolean
  /** UEFI code, and the machine's own copy of the variables; null: not booted by UEFI. */
  uefi: { code: string; variables: string } | null
  options: QemuOptions
  /** Where the machine's memory is mapped from, a copy of each page that the guest writes to being made; left out: nowhere. */
  mapped?: { path: string; name: string; start: number }
}
