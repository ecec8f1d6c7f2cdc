import type { machine as machineSchema } from './schema/machine.ts'
import type { MapNode } from './source/node.ts'
import type { Span } from './source/source.ts'

/** A machine, checked, `defaults` merged under it. */
export interface CheckedMachine {
  name: string
  values: NonNullable<ReturnType<typeof machineSchema.check>>
  node: MapNode
  /** The machine's name where it is written; of a single machine the beginning of the file. */
  owner: Span
}

export interface Checked {
  name: string | undefined
  machines: CheckedMachine[]
}
