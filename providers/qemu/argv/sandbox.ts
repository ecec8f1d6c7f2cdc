import { option } from './escape.ts'

/** Forbids QEMU by seccomp what it has no need of: other programs, more rights, old system calls. */
export const sandboxArguments: readonly string[] = [
  '-sandbox',
  option('on', { obsolete: 'deny', elevateprivileges: 'deny', spawn: 'deny', resourcecontrol: 'deny' }),
]
