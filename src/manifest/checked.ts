import type { machine as machineSchema } from './schema/machine.ts'
import type { network as networkSchema } from './schema/network.ts'
import type { Located } from './schema/types.ts'
import type { Port } from './shapes.ts'
import type { MapNode } from './source/node.ts'
import type { Span } from './source/source.ts'

/** What stands under a name of `machines:`, checked, `defaults` merged under it. */
export interface WrittenMachine {
  name: string
  values: NonNullable<ReturnType<typeof machineSchema.check>>
  node: MapNode
  /** The machine's name where it is written; of a single machine the beginning of the file. */
  owner: Span
}

/** One machine: a replica has what its group has, but for its name and its share of port ranges. */
export interface CheckedMachine extends WrittenMachine {
  /** The name under `machines:`. */
  group: string
  /** Names of machines, each where it was written; some may not exist. */
  dependsOn: Located<string>[]
  ports: Located<Port>[]
}

export type CheckedNetwork = Located<NonNullable<ReturnType<typeof networkSchema.check>>>

/** The networks of the project, by name. */
export type CheckedNetworks = ReadonlyMap<string, CheckedNetwork>

export interface Checked {
  name: string | undefined
  host: string | undefined
  /** Addresses and absolute paths. */
  catalogues: string[]
  networks: CheckedNetworks
  /** Folders of recipes by the names of boxes. */
  boxes: Map<string, string>
  machines: CheckedMachine[]
}
