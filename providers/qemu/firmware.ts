import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { constants, copyFile, open, rename, rm } from 'node:fs/promises'
import { PosadaError } from '../../src/errors/index.ts'
import type { Arch } from '../../src/lib/values/arch.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { qemuFiles } from './files.ts'

interface Firmware {
  code: string
  /** What a machine's own variables start as. */
  variables: string
}

/** Where distributions put UEFI for QEMU: Debian and Ubuntu, Fedora, Arch, Homebrew. */
const places: Record<Arch, readonly Firmware[]> = {
  x86_64: [
    pair('/usr/share/OVMF/', 'OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'),
    pair('/usr/share/OVMF/', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
    pair('/usr/share/edk2/ovmf/', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
    pair('/usr/share/edk2/x64/', 'OVMF_CODE.4m.fd', 'OVMF_VARS.4m.fd'),
    pair('/opt/homebrew/share/qemu/', 'edk2-x86_64-code.fd', 'edk2-i386-vars.fd'),
  ],
  aarch64: [
    pair('/usr/share/AAVMF/', 'AAVMF_CODE.fd', 'AAVMF_VARS.fd'),
    pair('/usr/share/edk2/aarch64/', 'QEMU_EFI-pflash.raw', 'vars-template-pflash.raw'),
    pair('/opt/homebrew/share/qemu/', 'edk2-aarch64-code.fd', 'edk2-arm-vars.fd'),
  ],
}

const packages: Record<Arch, string> = { x86_64: 'ovmf', aarch64: 'qemu-efi-aarch64' }

export function findUefi(arch: Arch): Firmware | null {
  return places[arch].find(({ code, variables }) => existsSync(code) && existsSync(variables)) ?? null
}

/**
 * The code, and the machine's own copy of the variables, which is made where it is missing. Null
 * where the machine does not boot by UEFI.
 */
export async function prepareUefi(spec: MachineSpec): Promise<Firmware | null> {
  if (spec.boot.kind !== 'firmware' || spec.boot.firmware !== 'uefi') return null
  const found = findUefi(spec.arch)
  if (found === null) {
    throw new PosadaError('E_PROVIDER_UNUSABLE', `UEFI for ${spec.arch} is not installed`, {
      value: packages[spec.arch],
      machine: spec.name,
      hint: `install it: sudo apt-get install ${packages[spec.arch]}`,
    })
  }
  const { uefiVariables } = qemuFiles(spec)
  if (!existsSync(uefiVariables)) await copyAtomic(found.variables, uefiVariables)
  return { code: found.code, variables: uefiVariables }
}

async function copyAtomic(from: string, to: string): Promise<void> {
  const temporary = `${to}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    await copyFile(from, temporary, constants.COPYFILE_FICLONE)
    const file = await open(temporary, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, to)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

function pair(folder: string, code: string, variables: string): Firmware {
  return { code: folder + code, variables: folder + variables }
}
