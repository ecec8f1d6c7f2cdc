import { closeSync, openSync, statSync } from 'node:fs'
import { isErrno } from '../../../src/lib/files/errno.ts'
import { koffi, libc } from '../ffi/libc.ts'
import { SystemCallError } from '../ffi/system-call-error.ts'

/** What may be done with a path: a file, or a folder and all below it. */
export interface PathRule {
  path: string
  may: 'read' | 'run' | 'write' | 'use'
}

/**
 * The version of Landlock that this host's kernel has; 0: none (landlock(7), Linux,
 * Documentation/userspace-api/landlock.rst).
 */
export function landlockVersion(): number {
  const version = libc().landlockCreate(call.create, null, 0, versionFlag)
  return Math.max(0, version)
}

/**
 * Keeps this thread, and the programs and threads that it starts from now on, from all files but these, from TCP and from
 * signals and abstract sockets of others, as far as the kernel's Landlock goes. A path that is not there is left out.
 *
 * @param version as `landlockVersion` says, at least 1
 * @throws SystemCallError
 */
export function confineThread(rules: readonly PathRule[], version: number): void {
  const { landlockCreate, landlockAdd, landlockRestrict, prctl } = libc()
  const handled = rights(allRights, version)
  const ruleset = landlockCreate(call.create, rulesetOf(handled, version), rulesetSize(version), 0)
  if (ruleset === -1) throw new SystemCallError('landlock_create_ruleset', koffi.errno())
  try {
    for (const { path, may } of rules) {
      const fd = openPath(path)
      if (fd === null) continue
      try {
        const wanted = statSync(path).isDirectory() ? grants[may] : grants[may] & fileRights
        const added = landlockAdd(call.add, ruleset, pathBeneath, ruleOf(wanted & handled, fd), 0)
        if (added === -1) throw new SystemCallError('landlock_add_rule', koffi.errno(), path)
      } finally {
        closeSync(fd)
      }
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) === -1) throw new SystemCallError('prctl', koffi.errno())
    if (landlockRestrict(call.restrict, ruleset, 0) === -1)
      throw new SystemCallError('landlock_restrict_self', koffi.errno())
  } finally {
    closeSync(ruleset)
  }
}

/** Numbers of the system calls, the same on all architectures. */
const call = { create: 444, add: 445, restrict: 446 } as const
// <linux/landlock.h>, <linux/prctl.h>, <asm-generic/fcntl.h>
const versionFlag = 1
const pathBeneath = 1
const PR_SET_NO_NEW_PRIVS = 38
const O_PATH = 0o10000000

/** LANDLOCK_ACCESS_FS_*, by their bits. */
const right = {
  execute: 1 << 0,
  writeFile: 1 << 1,
  readFile: 1 << 2,
  readFolder: 1 << 3,
  removeFile: 1 << 5,
  makeFile: 1 << 8,
  makeSocket: 1 << 9,
  truncate: 1 << 14,
  device: 1 << 15,
} as const
/** Of version 1; versions 2, 3 and 5 brought the next one each. */
const allRights = (1 << 16) - 1
const fileRights = right.execute | right.writeFile | right.readFile | right.truncate | right.device

const grants: Record<PathRule['may'], number> = {
  read: right.readFile | right.readFolder,
  run: right.readFile | right.execute,
  write:
    right.readFile |
    right.readFolder |
    right.writeFile |
    right.truncate |
    right.makeFile |
    right.removeFile |
    right.makeSocket,
  use: right.readFile | right.writeFile | right.device,
}

function rights(wanted: number, version: number): number {
  const known = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13
  return wanted & ((1 << known) - 1)
}

/** struct landlock_ruleset_attr: files, TCP (both of its rights, from 4 on), scopes (both, from 6 on), 64 bits each. */
function rulesetOf(handled: number, version: number): Uint8Array {
  const words = [handled, version >= 4 ? 3 : 0, version >= 6 ? 3 : 0]
  return new Uint8Array(new BigUint64Array(words.map(BigInt)).buffer)
}

const rulesetSize = (version: number) => (version >= 6 ? 24 : version >= 4 ? 16 : 8)

/** struct landlock_path_beneath_attr, packed: 64 bits of rights, and the descriptor. */
function ruleOf(allowed: number, fd: number): Uint8Array {
  const rule = Buffer.alloc(12)
  rule.writeBigUInt64LE(BigInt(allowed), 0)
  rule.writeInt32LE(fd, 8)
  return rule
}

function openPath(path: string): number | null {
  try {
    return openSync(path, O_PATH)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return null
    throw error
  }
}
