import type { MachineSpec } from '../../../src/provider/index.ts'
import { hostProcessor } from '../../../src/provider-kit/index.ts'
import type { Accelerator } from '../argv/index.ts'
import { machineType } from '../argv/machine.ts'
import type { QemuOptions } from '../options.ts'

/**
 * What the memory of a machine fits: a QEMU of the same release, for machine types without a version are others in the
 * next one; the same accelerator; and where the guest has the host's processor, that.
 */
export async function memoryFacts(
  spec: MachineSpec,
  { version, accelerator, options }: How,
): Promise<Record<string, string>> {
  const [release = 'unknown'] = /^\d+\.\d+/.exec(version) ?? []
  return {
    QEMU: release,
    'machine type': machineType(spec, { options }),
    accelerator,
    processor: options.cpu ?? (accelerator === 'tcg' ? 'max' : await hostProcessor()),
  }
}

interface How {
  /** QEMU's own: `7.2.22`. */
  version: string
  accelerator: Accelerator
  options: QemuOptions
}
