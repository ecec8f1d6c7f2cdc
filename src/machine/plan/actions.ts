/** What differs between a machine as it is and as it is to be; null: nothing of the kind. */
export interface Reason {
  /** A key of the manifest; `state` for the machine itself, `provision.NAME` for a step. */
  key: string
  from: string | null
  to: string | null
}

/** Something that a verb does to one machine; a list of them is done in its order. */
export type Action = { machine: string } & Planned

export type Planned = { why: readonly Reason[] } & (
  | { do: 'refuse' }
  /** Makes its disks and keys, in place of what a creation left that was cut short, and starts it. */
  | { do: 'make' }
  | { do: 'start' }
  /** It goes on: from where it stands still, or from the memory that was saved of it. */
  | { do: 'resume' }
  /** Saves what it has in memory, and ends it. */
  | { do: 'suspend' }
  /** Forgets the memory that was saved of it: it is then as if its power had been cut. */
  | { do: 'discard-memory' }
  /** Asks the guest; its power is cut where it does not shut down in time. */
  | { do: 'shut-down' }
  | { do: 'cut-power' }
  /** Waits until it can be logged in to and what its first boot does is done. */
  | { do: 'enter' }
  /** Formats those of its disks that are blank, mounts them and grows their file systems; those with these names. */
  | { do: 'mount-disks'; disks: readonly string[] }
  /** Removes disks that left the manifest. */
  | { do: 'remove-disks'; disks: readonly string[] }
  /** Brings folders of the host into it, those with these paths there. */
  | { do: 'sync'; folders: readonly string[] }
  | { do: 'provision'; steps: readonly string[] }
  | { do: 'await-ready' }
  /** Takes away all that was made for it. */
  | { do: 'remove' }
)
