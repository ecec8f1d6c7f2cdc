import type { ProjectStats } from '../app/index.ts'
import type { LoggedEvent } from '../event-log/index.ts'
import type { NetworkResult, SnapshotResult, StatusResult } from '../machine/index.ts'
import type { ErrorBody } from '../ui/index.ts'

/** What the page asks for, in the project whose folder is `root`. Each is answered by its `id`. */
export interface Request {
  id: number
  root: string
  wish: Wish
}

export type Wish =
  | { do: 'look' }
  | { do: 'up' | 'halt' | 'power-off' | 'reload' | 'suspend' | 'resume' | 'destroy'; machine: string }
  | { do: 'snapshot-save' | 'snapshot-restore' | 'snapshot-delete'; machine: string; name: string }
  | {
      do: 'conditions'
      network: string
      /** Null: those of the whole network. */
      between: [string, string] | null
      /** As people write them: `{latency: '40ms'}`. */
      set: Record<string, string>
      cut: boolean | null
      reset: boolean
    }

/** What `look` is answered with. */
export interface ProjectDetail {
  /** What is wrong with the manifest; null: nothing. */
  problem: ErrorBody | null
  machines: StatusResult[]
  /** The machines that have a screen now. */
  screens: string[]
  networks: NetworkResult[]
  snapshots: SnapshotResult[]
}

/** What the page is told; a text of JSON a message. */
export type Message =
  | {
      type: 'hello'
      version: string
      /** The project of the folder where the dashboard was started. */
      own: { root: string; name: string } | null
    }
  | { type: 'stats'; projects: ProjectStats[] }
  | { type: 'events'; events: LoggedEvent[] }
  | { type: 'answer'; id: number; detail: ProjectDetail | null; error: ErrorBody | null }
