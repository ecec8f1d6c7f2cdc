import type { ErrorCode } from '../../errors/index.ts'
import type { ProcessIdentity } from '../../lib/process/process-identity.ts'
import type { ProcessUsage } from '../../lib/process/process-usage.ts'
import type { MachineSpec, UpStatus, Usage } from '../../provider/index.ts'
import type { Recorded } from '../run-record.ts'

/** How a run has finished. */
export interface Ending {
  crashed: boolean
  /** The guest switched itself off. */
  byGuest: boolean
  /** For people. Left out where there is nothing to say: the power was cut. */
  reason?: string
}

/** `helper`: what a process beside the hypervisor takes, where there is one. */
export interface Counters extends Pick<Usage, 'disk' | 'network' | 'given'> {
  helper?: ProcessUsage
}

/**
 * What a provider says of its hypervisor, which runs each machine in a process of its own that outlives the command;
 * `machineLife` makes most of a provider of it. `Run` is what is recorded of a machine's last run (run-record.ts).
 */
export interface Hypervisor<Run extends { bootId: string }> {
  /** In messages: `QEMU`. */
  name: string
  /** Of a process that does not end when it is killed. */
  code: ErrorCode
  /** Milliseconds that its process has after SIGTERM, where it was not reached by an order to quit. */
  termLimit: number
  /** Every file that it makes for a machine, besides disks and logs. */
  files: (spec: MachineSpec) => { record: string; agent: string }
  /** Its logs; a start moves one that is over its limit in bytes to `<path>.1`. */
  logs: (spec: MachineSpec) => { path: string; limit: number }[]
  readRecord: (spec: MachineSpec) => Promise<Recorded<Run> | null>
  /** @param run null for a machine that was made and has not run yet */
  writeRecord: (spec: MachineSpec, run: Run | null) => Promise<void>
  /**
   * The machine's process; null where none lives.
   *
   * @param how thorough: all processes are searched even where the record explains that none lives
   */
  find: (
    spec: MachineSpec,
    record: Recorded<Run> | null,
    how: { thorough: boolean },
  ) => Promise<ProcessIdentity | null>
  /** What it says of itself; null where it does not answer within a few seconds. */
  state: (spec: MachineSpec) => Promise<Pick<UpStatus, 'state' | 'stalled' | 'lostShares'> | null>
  /** False: no one listens. Throws a PosadaError where it refuses, breaks off or does not answer in time. */
  order: (spec: MachineSpec, order: 'pause' | 'resume' | 'powerdown' | 'quit') => Promise<boolean>
  /** What presses the power button where its socket is gone, with the runtime folder after a logout. */
  powerSignal?: NodeJS.Signals
  /** What it counts of its devices; null where it does not answer. */
  counters: (spec: MachineSpec) => Promise<Counters | null>
  /** Whether the guest has the agent's port open. */
  agentListens: (spec: MachineSpec) => Promise<boolean>
  /** What executed the guest's code in a run; null: that is not known. */
  accelerator: (run: Run | null) => string
  /** How the last run ended, as far as was written down; null where nothing was. */
  ending: (spec: MachineSpec, run: Run | null) => Promise<Ending | null>
  /** Before the power is cut, where the hypervisor itself does not write down that it was. */
  onCut?: (spec: MachineSpec) => Promise<void>
  /** After its process had to be killed, where that should have written something down. */
  onKilled?: (spec: MachineSpec, process: ProcessIdentity) => Promise<void>
}
