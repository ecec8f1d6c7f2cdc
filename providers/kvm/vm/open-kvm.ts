import { PosadaError } from '../../../src/errors/index.ts'
import { openDevice } from '../ffi/descriptors.ts'
import { apiVersion, capability } from '../ffi/kvm-abi.ts'
import { kvmIoctlValue } from '../ffi/kvm-ioctl.ts'
import { SystemCallError } from '../ffi/system-call-error.ts'
import { kvmAccessError, kvmDevice } from './kvm-device.ts'

/** What this hypervisor cannot do without, by the names of KVM's documentation. */
const needed = ['IRQCHIP', 'USER_MEMORY', 'IRQFD', 'PIT2', 'IOEVENTFD', 'IMMEDIATE_EXIT'] as const

/**
 * Opens /dev/kvm and makes sure that it speaks the version and has the abilities needed.
 *
 * @throws PosadaError E_KVM_MISSING, E_KVM_PERMISSION, E_KVM_UNUSABLE
 */
export function openKvm(device: string = kvmDevice): number {
  const kvm = open(device)
  const version = attempt('KVM_GET_API_VERSION', () => kvmIoctlValue(kvm, 'GET_API_VERSION', 0))
  if (version !== apiVersion) {
    throw new PosadaError('E_KVM_UNUSABLE', `${device} has version ${version} of the KVM API, not 12`)
  }
  const missing = needed.filter((name) => checkExtension(kvm, capability[name]) === 0)
  if (missing.length > 0) {
    throw new PosadaError('E_KVM_UNUSABLE', `this host's KVM lacks ${missing.join(', ')}`, {
      hint: 'use a kernel of 5.4 or later, or provider: qemu',
    })
  }
  return kvm
}

/** Asks for a KVM_CAP_*; 0 is no, 1 or more is yes or a number. */
export function checkExtension(kvm: number, cap: number): number {
  return kvmIoctlValue(kvm, 'CHECK_EXTENSION', cap)
}

function open(device: string): number {
  try {
    return openDevice(device)
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    throw kvmAccessError(device, error.code, error)
  }
}

function attempt<T>(what: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    throw new PosadaError('E_KVM_UNUSABLE', `${what} failed: ${error.code}`, { cause: error })
  }
}
