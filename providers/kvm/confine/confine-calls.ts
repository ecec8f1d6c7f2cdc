import { koffi, libc } from '../ffi/libc.ts'
import { withScratch } from '../ffi/memory.ts'
import { SystemCallError } from '../ffi/system-call-error.ts'
import { callFilter } from './filter.ts'

// <linux/prctl.h>, <linux/seccomp.h>
const PR_SET_NO_NEW_PRIVS = 38
const SECCOMP_SET_MODE_FILTER = 1
const SECCOMP_FILTER_FLAG_TSYNC = 1
const SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4
const seccompCall = 317

/**
 * From now on no thread of this process, those of V8 included, can start a program or a process, open a socket other than
 * one that listens at a path, or do anything else that a machine has no need of (seccomp(2)). For good.
 *
 * @throws SystemCallError where the kernel has no seccomp, or refuses
 */
export function confineCalls(): void {
  const { prctl, systemCall } = libc()
  const filter = callFilter(process.pid)
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throw new SystemCallError('prctl', koffi.errno())
  const flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW
  // struct sock_fprog: the number of instructions, and where they are. It lies in front of them.
  const [failed, errno] = withScratch(16 + filter.length, (address, bytes) => {
    bytes.writeUInt16LE(filter.length / 8, 0)
    bytes.writeBigUInt64LE(BigInt(address + 16), 8)
    bytes.set(filter, 16)
    return [systemCall(seccompCall, SECCOMP_SET_MODE_FILTER, flags, address), koffi.errno()]
  })
  if (failed !== 0) throw new SystemCallError('seccomp', failed > 0 ? 0 : errno)
}
