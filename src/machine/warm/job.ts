import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'

/** A warm image that is to be made: plain data, and nothing of any project's in it. */
export interface WarmJob {
  key: string
  box: MachineState['box']
  layer: string | null
  /** How many private networks it is on. */
  networks: number
  /** What of a machine its image is made with. */
  machine: Pick<Machine, 'provider' | 'providers' | 'arch' | 'cpus' | 'memory' | 'disk'>
}
