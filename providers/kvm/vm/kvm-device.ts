import { readFileSync, statSync } from 'node:fs'
import { PosadaError } from '../../../src/errors/index.ts'

export const kvmDevice = '/dev/kvm'

/**
 * What to tell of a device that cannot be opened: E_KVM_MISSING, E_KVM_PERMISSION or E_KVM_UNUSABLE. Free of the
 * FFI, so that a host without KVM is found out about in no time.
 *
 * @param code name of the errno: ENOENT…
 */
export function kvmAccessError(device: string, code: string, cause: unknown): PosadaError {
  switch (code) {
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return new PosadaError('E_KVM_MISSING', `there is no KVM on this host: ${device} is missing`, {
        value: device,
        cause,
        hint: 'switch on virtualisation in the firmware and load kvm_intel or kvm_amd, or use provider: qemu',
      })
    case 'EACCES':
    case 'EPERM':
      return permissionError(device, cause)
    default:
      return new PosadaError('E_KVM_UNUSABLE', `${device} cannot be opened: ${code}`, {
        value: device,
        cause,
      })
  }
}

function permissionError(device: string, cause: unknown): PosadaError {
  const { gid, mode } = statSync(device)
  const group = groupName(gid)
  // Nobody should join root's group for this, and a group that may not use the device is of no help.
  const joinable = gid !== 0 && (mode & GROUP_MAY_USE) === GROUP_MAY_USE
  const own = `sudo chgrp kvm ${device} && sudo chmod 660 ${device} && `
  return new PosadaError(
    'E_KVM_PERMISSION',
    `no permission to use ${device}, which belongs to the group ${group}`,
    {
      value: device,
      cause,
      hint: joinable
        ? `join the group and log in again: sudo usermod -aG ${group} "$USER"`
        : `give it to the group kvm, join that and log in again: ${own}sudo usermod -aG kvm "$USER"`,
    },
  )
}

const GROUP_MAY_USE = 0o060

/** Name of a group, or its number where /etc/group does not know it. */
function groupName(gid: number): string {
  const lines = readFileSync('/etc/group', 'utf8').split('\n')
  const line = lines.find((entry) => entry.split(':')[2] === String(gid))
  return line?.split(':')[0] ?? String(gid)
}
