import type { Given } from './given.ts'

/** Something of the file that the manifest does not have. */
export interface LeftOut {
  /** What it is, in the words of the file. */
  what: string
  /** The line of the file that has it; counts from 1. */
  line: number
  reason: string
}

export interface DraftStep {
  name?: string
  /** A script, or where one is; a file step has `file` instead. */
  shell?: { inline: string } | { path: Given } | { url: string }
  file?: { from: Given; to: Given; owner?: string } | { content: string; to: Given; mode?: string }
  run?: 'always' | 'once'
  reboot?: true
  args?: Given[]
  env?: Record<string, Given>
  user?: string
}

/** A range is written `8000-8010`, a variable `${PORT:-8080}`. */
export interface DraftPort {
  guest: string
  host: string
  protocol?: 'udp'
  address?: string
  auto?: boolean
}

export interface DraftAttachment {
  name: string
  address?: string
  /** Of the address. */
  line: number
}

export interface DraftFolder {
  from: Given
  /** Absolute, normal, and not `/`. */
  to: string
  type?: 'once'
  exclude?: string[]
}

export interface DraftProbe {
  tcp?: number
  http?: string
  shell?: string
  hint?: string
}

/** What a machine of the manifest will say; what is absent is not said. Sizes and durations have their units. */
export interface DraftMachine {
  box?: string | { from: string; checksum?: string; image?: string; user?: string }
  arch?: string
  cpus?: Given
  memory?: Given
  disk?: Given
  disks: { name: string; size: Given }[]
  nested?: boolean
  replicas?: number
  boot_timeout?: string
  halt_timeout?: string
  depends_on: string[]
  networks: DraftAttachment[]
  ports: DraftPort[]
  env: Record<string, Given>
  cloud_init?: string
  sync: DraftFolder[]
  provision: DraftStep[]
  ready: DraftProbe[]
  leftOut: LeftOut[]
}

/** What a file of another tool says, in this manifest's terms. */
export interface Draft {
  name?: string
  /** What holds for all machines, where there are several. */
  defaults: DraftMachine
  /** One named null stands alone in its file. */
  machines: Map<string | null, DraftMachine>
  networks: Map<string, { subnet?: string }>
  leftOut: LeftOut[]
}

export function emptyMachine(): DraftMachine {
  return {
    depends_on: [],
    disks: [],
    networks: [],
    ports: [],
    env: {},
    sync: [],
    provision: [],
    ready: [],
    leftOut: [],
  }
}

export function emptyDraft(): Draft {
  return { defaults: emptyMachine(), machines: new Map(), networks: new Map(), leftOut: [] }
}

/** The box of a machine whose file names none that can be taken over. */
export const fallbackBox = 'debian/12'

/** As many as have addresses in a network whose subnet is not written. */
export const machineLimit = 250
