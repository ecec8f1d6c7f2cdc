import { PosadaError } from '../../src/errors/index.ts'
import { readTextIfThere } from '../../src/lib/files/write-file.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { type Accelerator, boards } from './argv/index.ts'

/**
 * E_CAPABILITY where the guest is to run virtual machines itself and cannot. TCG emulates AMD's SVM
 * and the virtualisation of aarch64; KVM passes the processor's own on where its module allows it.
 */
export async function checkNested(spec: MachineSpec, accelerator: Accelerator): Promise<void> {
  if (!spec.nested || (accelerator === 'tcg' && boards[spec.arch].nested !== false)) return
  if (accelerator === 'kvm' && spec.arch === 'x86_64' && (await kvmNests())) return
  throw new PosadaError(
    'E_CAPABILITY',
    `${accelerator} on this host does not let ${spec.arch} guests run virtual machines of their own`,
    {
      machine: spec.name,
      value: 'nested',
      hint: 'set providers.qemu.accel to tcg, or allow nesting: options kvm_intel nested=1 (kvm_amd) in /etc/modprobe.d',
    },
  )
}

async function kvmNests(): Promise<boolean> {
  const values = await Promise.all(
    ['kvm_intel', 'kvm_amd'].map((module) => readTextIfThere(`/sys/module/${module}/parameters/nested`)),
  )
  return values.some((value) => value !== null && ['Y', '1'].includes(value.trim()))
}
