import { delimiter } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { findProgram } from '../../lib/process/find-program.ts'

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

/** E_BOX_BUILD, naming packages, unless everything is there. */
export function checkRequirements(): void {
  const missing = boxBuildRequirements().filter((one) => one.path === null)
  if (missing.length === 0) return
  const names = missing.map((one) => one.program).join(', ')
  throw new PosadaError('E_BOX_BUILD', `building a box needs programs that are not installed: ${names}`, {
    value: names,
    hint: `sudo apt-get install ${missing.map((one) => one.package).join(' ')}`,
  })
}

/** PATH with the folders of administration, which an ordinary user's may lack. */
export function buildPath(): string {
  const own = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'))
  return [...new Set([...own, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'])].join(delimiter)
}
