import { readFileSync } from 'node:fs'
import type { ProbeReport } from '../../../src/provider/index.ts'
import { landlockVersion } from './landlock.ts'

/** What holds of the confinement of machines on this host. */
export function confinementHere(): NonNullable<ProbeReport['confinement']> {
  const status = readFileSync('/proc/self/status', 'latin1')
  return confinement({ landlock: landlockVersion(), seccomp: /^Seccomp:/m.test(status) })
}

/** @param landlock its version; 0: none. Pure. */
export function confinement({ landlock, seccomp }: { landlock: number; seccomp: boolean }) {
  const files = landlock > 0 ? `files by Landlock (version ${landlock})` : null
  const calls = seccomp ? 'system calls by seccomp' : null
  const means = [calls, files].filter((one) => one !== null).join(', ')
  if (calls !== null && files !== null) return { message: `machines are confined: ${means}` }
  const missing =
    files === null ? 'a guest that took over its hypervisor could use your files' : 'it could start programs'
  const hint =
    files === null
      ? 'use a kernel with Landlock switched on (lsm=landlock,… on its command line; Debian 12 and Ubuntu 22.04 have it)'
      : 'use a kernel with seccomp'
  return {
    message: `machines are confined ${means === '' ? 'by nothing' : `in part: ${means}`}; ${missing}`,
    hint,
  }
}
