import { readFileSync, statSync } from 'node:fs'
import { PosadaError } from '../../../src/errors/index.ts'
import { kvmCure } from '../../../src/provider-kit/index.ts'

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
      return new PosadaError('E_KVM_MISSING', `KVM is not available on this host: ${device} is missing`, {
        value: device,
        cause,
        hint: `${kvmCure(device)}; or use provider: qemu`,
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
  const message = `permission denied: ${device} belongs to the group ${groupName(statSync(device).gid)}`
  return new PosadaError('E_KVM_PERMISSION', message, { value: device, cause, hint: kvmCure(device) })
}

/** Name of a group, or its number where /etc/group does not know it. */
function groupName(gid: number): string {
  const lines = readFileSync('/etc/group', 'utf8').split('\n')
  const line = lines.find((entry) => entry.split(':')[2] === String(gid))
  return line?.split(':')[0] ?? String(gid)
}
