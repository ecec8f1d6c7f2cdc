import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { constants, copyFile, open, rename, rm } from 'node:fs/promises'
import { PosadaError } from '../../src/errors/index.ts'
import type { Arch } from '../../src/lib/values/arch.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { boards } from './argv/index.ts'
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
  riscv64: [pair('/usr/share/qemu-efi-riscv64/', 'RISCV_VIRT_CODE.fd', 'RISCV_VIRT_VARS.fd')],
  ppc64le: [],
  s390x: [],
}

const packages: Partial<Record<Arch, string>> = {
  x86_64: 'ovmf',
  aarch64: 'qemu-efi-aarch64',
  riscv64: 'qemu-efi-riscv64',
}

export function findUefi(arch: Arch): Firmware | null {
  return places[arch].find(({ code, variables }) => existsSync(code) && existsSync(variables)) ?? null
}

/** Whether a disk boots without UEFI. */
export function hasOwnFirmware(arch: Arch): boolean {
  const { firmware } = boards[arch]
  return firmware === 'own' || (firmware !== null && existsSync(firmware.loaded))
}

/**
 * The code, and the machine's own copy of the variables, which is made where it is missing. Null
 * where the machine does not boot by UEFI.
 */
export async function prepareUefi(spec: MachineSpec): Promise<Firmware | null> {
  if (spec.boot.kind !== 'firmware') return null
  if (spec.boot.firmware === 'bios') {
    const { firmware } = boards[spec.arch]
    if (!hasOwnFirmware(spec.arch))
      throw missing(
        spec,
        'what boots its disks',
        firmware === null || firmware === 'own' ? null : firmware.package,
      )
    return null
  }
  const found = findUefi(spec.arch)
  if (found === null) throw missing(spec, 'UEFI', packages[spec.arch] ?? null)
  const { uefiVariables } = qemuFiles(spec)
  if (!existsSync(uefiVariables)) await copyAtomic(found.variables, uefiVariables)
  return { code: found.code, variables: uefiVariables }
}

function missing({ arch, name }: MachineSpec, what: string, from: string | null): PosadaError {
  return new PosadaError('E_PROVIDER_UNUSABLE', `${what} for ${arch} is not installed`, {
    value: from ?? arch,
    machine: name,
    hint:
      from === null
        ? 'take a box that boots in another way: firmware:'
        : `install it: sudo apt-get install ${from}`,
  })
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
