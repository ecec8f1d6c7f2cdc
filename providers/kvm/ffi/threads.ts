import { koffi, libc } from './libc.ts'
import { checked, SystemCallError } from './system-call-error.ts'

export function threadId(): number {
  return libc().gettid()
}

/** Sends a signal to one thread of this process; false when the thread has ended. */
export function signalThread(tid: number, signal: number): boolean {
  if (libc().tgkill(process.pid, tid, signal) === 0) return true
  if (koffi.errno() === koffi.os.errno.ESRCH) return false
  throw new SystemCallError('tgkill', koffi.errno())
}

/**
 * Makes `signal` interrupt system calls and do nothing else. Its handler is the C library's `abs`: an
 * ignored signal interrupts nothing, and JavaScript cannot run in a handler.
 */
export function installInterruptingSignal(signal: number): void {
  // struct sigaction (glibc, x86-64): handler, 128 bytes of mask, flags, restorer.
  const action = new Uint8Array(152)
  new DataView(action.buffer).setBigUint64(0, libc().abs, true)
  checked('sigaction', libc().sigaction(signal, action, null))
}
