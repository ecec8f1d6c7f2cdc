import { createHash } from 'node:crypto'
import type { MachineSpec } from '../../provider/index.ts'

export interface WarmOrigin {
  spec: MachineSpec
  provider: string
  /** Digest of the box. */
  box: string
  /** Digest of the layer that its disks lie on in place of the box's; null: none. */
  layer: string | null
}

/**
 * What a warm image is known by, in 32 hexadecimal digits: all of a new machine that its guest sees and that is not this
 * machine's alone. What a hypervisor has to fit besides is asked when an image is used. Pure.
 */
export function warmKey({ spec, provider, box, layer }: WarmOrigin): string {
  const { arch, cpus, memory, disks, nics, options } = spec
  const sizes = disks.map(({ name, size }) => [name, size])
  const parts = [1, provider, box, layer, arch, cpus, memory, sizes, nics.map(({ kind }) => kind), options]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}
