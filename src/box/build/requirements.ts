import { readFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { findProgram } from '../../lib/process/find-program.ts'
import { type Arch, hostArch } from '../../lib/values/arch.ts'

/** A program that building a box needs, and the Debian package that has it. */
export interface BuildRequirement {
  program: string
  package: string
  /** Absolute path, or null where it is missing. */
  path: string | null
}

const programs = [
  { program: 'mmdebstrap', package: 'mmdebstrap' },
  // mmdebstrap goes without, and the kernel's package then ends half installed.
  { program: 'mount', package: 'mount' },
  { program: 'mke2fs', package: 'e2fsprogs' },
  { program: 'qemu-img', package: 'qemu-utils' },
  { program: 'ssh-keygen', package: 'openssh-client' },
]
/** An ordinary user builds in a user namespace, whose ids these hand out. */
const forOrdinaryUsers = [{ program: 'newuidmap', package: 'uidmap' }]

/** Tools for building boxes on this host, for `posada doctor` and for the build itself. */
export function boxBuildRequirements(): BuildRequirement[] {
  const needed = process.getuid?.() === 0 ? programs : [...programs, ...forOrdinaryUsers]
  return needed.map((one) => ({ ...one, path: findProgram(one.program, buildPath()) }))
}

/** E_BOX_BUILD, naming packages, unless everything is there that a box of this architecture takes. */
export function checkRequirements(arch: Arch): void {
  if (!runsPrograms(arch)) throw cannotRun(arch)
  const missing = boxBuildRequirements().filter((one) => one.path === null)
  if (missing.length === 0) return
  const names = missing.map((one) => one.program).join(', ')
  throw new PosadaError('E_BOX_BUILD', `building a box needs programs that are not installed: ${names}`, {
    value: names,
    hint: `sudo apt-get install ${missing.map((one) => one.package).join(' ')}`,
  })
}

/** Where the kernel says what it runs programs of other architectures by: Documentation/admin-guide/binfmt-misc.rst. */
const handlers = '/proc/sys/fs/binfmt_misc'

/** Whether programs of an architecture run here, also in another root: F, the interpreter is open already. */
export function runsPrograms(arch: Arch): boolean {
  if (arch === hostArch()) return true
  try {
    const handler = readFileSync(`${handlers}/qemu-${arch}`, 'utf8')
    return /^enabled$/m.test(handler) && /^flags: .*F/m.test(handler)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return false
    throw error
  }
}

function cannotRun(arch: Arch): PosadaError {
  return new PosadaError('E_BOX_BUILD', `this host cannot run the programs of ${arch} that a build takes`, {
    value: arch,
    hint: `sudo apt-get install qemu-user-static; without systemd, as in a container, then also: sudo mount -t binfmt_misc none ${handlers}; sudo /usr/lib/systemd/systemd-binfmt`,
  })
}

/** PATH with the folders of administration, which an ordinary user's may lack. */
export function buildPath(): string {
  const own = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'))
  return [...new Set([...own, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'])].join(delimiter)
}
