import { koffi, libc } from './libc.ts'
import { checked, SystemCallError } from './system-call-error.ts'

// <sys/eventfd.h>
const EFD_NONBLOCK = 0o4000
const EFD_CLOEXEC = 0o2000000

export function createEventDescriptor(): number {
  return checked('eventfd', libc().eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))
}

const one = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0])
const counter = new Uint8Array(8)

/** Adds one to an eventfd. A counter about to overflow stays where it is: its reader has been told. */
export function signalEvent(fd: number): void {
  if (libc().write(fd, one, 8) === -1 && koffi.errno() !== koffi.os.errno.EAGAIN) {
    throw new SystemCallError('write', koffi.errno())
  }
}

/** Takes what an eventfd has counted, so that it is no longer readable; false when that was nothing. */
export function drainEvent(fd: number): boolean {
  if (libc().read(fd, counter, 8) !== -1) return true
  if (koffi.errno() === koffi.os.errno.EAGAIN) return false
  throw new SystemCallError('read', koffi.errno())
}
