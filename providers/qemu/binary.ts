import { PosadaError } from '../../src/errors/index.ts'
import { findProgram } from '../../src/lib/process/find-program.ts'
import { type Arch, debianNames } from '../../src/lib/values/arch.ts'

/** Debian's and Ubuntu's packages of what this provider runs. */
const packages = {
  'qemu-system-x86_64': debianNames.x86_64.emulator,
  'qemu-system-aarch64': debianNames.aarch64.emulator,
  'qemu-img': 'qemu-utils',
} as const

export type Program = keyof typeof packages

export function systemProgram(arch: Arch): Program {
  return `qemu-system-${arch}`
}

/** What apt installs for a machine of this architecture. */
export function packagesFor(arch: Arch): string[] {
  return [packages[systemProgram(arch)], packages['qemu-img']]
}

/** Absolute path of a program of QEMU; E_QEMU_MISSING where there is none. */
export function requireProgram(program: Program): string {
  const path = findProgram(program)
  if (path !== null) return path
  throw new PosadaError('E_QEMU_MISSING', `${program} is not installed`, {
    value: program,
    hint: `install it: sudo apt-get install ${packages[program]}, or let posada doctor --fix do it`,
  })
}

/** The program that runs the machine: the one the manifest names, else the one in PATH. */
export function requireSystemProgram(arch: Arch, named: string | undefined): string {
  if (named === undefined) return requireProgram(systemProgram(arch))
  const path = findProgram(named)
  if (path !== null) return path
  throw new PosadaError('E_QEMU_MISSING', `the program ${named} does not exist or cannot be run`, {
    value: named,
    hint: 'correct providers.qemu.binary, or leave it out',
  })
}
