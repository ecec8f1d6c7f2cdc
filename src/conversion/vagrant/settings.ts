import { type DraftMachine, emptyMachine, type LeftOut } from '../draft.ts'
import type { Given } from '../given.ts'

/** What a Vagrantfile says of a machine, or of all, before it is a draft. */
export interface Settings {
  machine: DraftMachine
  /** Null: of all machines. */
  name: string | null
  box: BoxSettings
  /** By provider, in the order of the file. */
  providers: Map<string, ProviderSettings>
  /** Who is logged in as, where the file says. */
  user?: string
}

export interface BoxSettings {
  name?: string
  version?: string
  url?: string
  checksum?: string
  checksumType?: string
  line?: number
}

export interface ProviderSettings {
  memory?: Given
  cpus?: Given
  disk?: Given
  nested?: boolean
  line: number
}

export function emptySettings(name: string | null): Settings {
  return { machine: emptyMachine(), name, box: {}, providers: new Map() }
}

/** What is the same for all parts of a Vagrantfile. */
export interface Surroundings {
  /** Notes what is left out, in the words of the file's line. */
  leave: (leftOut: LeftOut[], line: number, reason: string) => void
  /** A path beside the Vagrantfile as the manifest names it. */
  path: (written: Given) => Given
  /** The machine of a name, made where there is none; undefined where there can be none. */
  define: (name: string, line: number) => Settings | undefined
  /** The name of the network that has this address, or is called so, made where there is none. */
  network: (wanted: { subnet?: string; name?: string }) => string | undefined
  /** The project is called so, where the file describes a single machine. */
  hostnames: Map<string | null, { name: string; line: number }>
}
