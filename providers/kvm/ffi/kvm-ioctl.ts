import { KVM } from './kvm-abi.ts'
import { koffi, libc } from './libc.ts'
import { uninterrupted } from './system-call-error.ts'

/** An ioctl of KVM, by its name without `KVM_`. */
type Request = keyof typeof KVM

/** With a struct, read and written in place. Made again when a signal interrupts it. @throws SystemCallError */
export function kvmIoctl(fd: number, request: Request, data: Uint8Array): number {
  return uninterrupted(`KVM_${request}`, () => libc().ioctlData(fd, KVM[request], data))
}

/** With a number, 0 where it takes none. Made again when a signal interrupts it. @throws SystemCallError */
export function kvmIoctlValue(fd: number, request: Request, value: number): number {
  return uninterrupted(`KVM_${request}`, () => libc().ioctlValue(fd, KVM[request], value))
}

/** Without an argument, for the run loop: its errno, or 0. */
export function ioctlErrno(fd: number, request: number): number {
  return libc().ioctlValue(fd, request, 0) === -1 ? koffi.errno() : 0
}
