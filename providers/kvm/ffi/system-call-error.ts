import { loadKoffi } from '../../../src/lib/native/koffi.ts'

const koffi = loadKoffi()

function nameOf(errno: number): string | undefined {
  return Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0]
}

/** A system call that failed, in the shape of Node's own system errors, so that they are handled alike. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError'
  /** `EACCES`, `ENOENT`… */
  readonly code: string
  readonly errno: number
  readonly syscall: string
  readonly path: string | undefined

  constructor(syscall: string, errno: number, path?: string) {
    const code = nameOf(errno) ?? `errno ${errno}`
    super(`${syscall}${path === undefined ? '' : ` ${path}`} failed: ${code}`)
    this.code = code
    this.errno = errno
    this.syscall = syscall
    this.path = path
  }
}

/** Passes the result of a call on, or throws what errno says where it is -1. */
export function checked(syscall: string, result: number, path?: string): number {
  if (result === -1) throw new SystemCallError(syscall, koffi.errno(), path)
  return result
}

/**
 * Makes a call again as long as a signal interrupts it. KVM_CREATE_VM is one: registering for changes of the address
 * space gives up when any signal is pending, and the end of a child process is one.
 */
export function uninterrupted(syscall: string, call: () => number, path?: string): number {
  let result = call()
  while (result === -1 && koffi.errno() === koffi.os.errno.EINTR) result = call()
  return checked(syscall, result, path)
}
