import type { CompanionConfig } from '../background/index.ts'
import type { ProcessIdentity } from '../lib/process/process-identity.ts'
import type { SshTarget } from '../ssh/index.ts'
import type { SyncPair, SyncReport } from '../sync/index.ts'

/** What the process that keeps folders of a guest equal with the host's is told. */
export interface SyncConfig extends CompanionConfig {
  target: SshTarget
  pairs: SyncPair[]
}

/** What the process says of itself. */
export interface Syncing {
  /** The machine's process that it was started for; with that it ends. */
  hypervisor: ProcessIdentity
  pairs: SyncPair[]
  /** Why folders are not being synced now, by their paths in the guest; those that are have none. */
  problems: Record<string, string>
}

/** What making a folder equal did. */
export interface Settled extends Omit<SyncReport, 'skipped'> {
  /** How many paths were left out. */
  skipped: number
}
