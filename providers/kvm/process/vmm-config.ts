import type { MachineSpec } from '../../../src/provider/index.ts'

/** What a machine's process is told. */
export interface VmmConfig {
  spec: MachineSpec
  /** Folder of the built files of threads. */
  entries: string
  /** Where unpacked kernels are kept; may be emptied at any time. */
  cacheDir: string
  /** How it reaches the outside; null: it does not. */
  uplink: Uplink | null
  /** Descriptors that lead to what serves its folders, in the order of `spec.shares`. */
  shares: readonly number[]
  /** The descriptor of the file that the machine goes on from; null: it boots. */
  memory: number | null
  /** The descriptor that takes what is compiled of the program; null: that is kept already, or cannot be. */
  code: number | null
  /** What is kept to what a machine needs; `nothing` where the user looks for a fault in it. */
  confined: 'files and calls' | 'calls' | 'nothing'
}

/** Descriptors of a machine's process. */
export interface Uplink {
  /** To passt, a pair of sockets. */
  passt: number
  /** A byte comes here once passt runs; the end without one: it does not. */
  ready: number
}

/** What a machine is started with. */
export interface LaunchConfig extends Pick<VmmConfig, 'spec' | 'entries' | 'cacheDir'> {
  /** Path of the file that it goes on from; left out: it boots. */
  memory?: string
}
