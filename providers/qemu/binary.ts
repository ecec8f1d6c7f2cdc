import { PosadaError } from '../../src/errors/index.ts'
import { findProgram } from '../../src/lib/process/find-program.ts'
import { type Arch, debianNames, emulatorOf } from '../../src/lib/values/arch.ts'

const tools = 'qemu-utils'

/** What apt installs for a machine of this architecture. */
export function packagesFor(arch: Arch): string[] {
  return [debianNames[arch].emulator, tools]
}

/** Absolute path of qemu-img; E_QEMU_MISSING where there is none. */
export function requireQemuImg(): string {
  return requireProgram('qemu-img', tools)
}

function requireProgram(program: string, from: string): string {
  const path = findProgram(program)
  if (path !== null) return path
  throw new PosadaError('E_QEMU_MISSING', `${program} is not installed`, {
    value: program,
    hint: `install it: sudo apt-get install ${from}, or let posada doctor --fix do it`,
  })
}

/** The program that runs the machine: the one the manifest names, else the one in PATH. */
export function requireSystemProgram(arch: Arch, named: string | undefined): string {
  if (named === undefined) return requireProgram(emulatorOf(arch), debianNames[arch].emulator)
  const path = findProgram(named)
  if (path !== null) return path
  throw new PosadaError('E_QEMU_MISSING', `the program ${named} does not exist or cannot be run`, {
    value: named,
    hint: 'correct providers.qemu.binary, or leave it out',
  })
}
