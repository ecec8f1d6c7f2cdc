import type { Place } from '../errors/index.ts'
import type { Arch } from '../lib/values/arch.ts'
import type { Limits } from '../lib/values/limits.ts'
import type { Conditions } from '../lib/values/link-conditions.ts'
import type { BoxTerms } from './box-terms.ts'
import type {
  Disk,
  DiskUse,
  Display,
  GuestKind,
  Hooks,
  HostAccess,
  MountedFolder,
  Port,
  ReadyProbe,
  SyncedFolder,
  WrittenStep,
} from './shapes.ts'

/**
 * A manifest after reading, merging, interpolation and checking: everything is resolved, every
 * default filled in, sizes are bytes and durations milliseconds, host paths absolute.
 */
export interface Manifest {
  /** Absolute path of posada.yaml. */
  file: string
  /** The folder that it stands in: the project's root. */
  root: string
  /** `[a-z][a-z0-9-]{0,62}`. */
  name: string
  /** The other host that its machines are made on, as it is written; absent: this one. */
  host?: string
  /** Catalogues of boxes: `https://` addresses and absolute paths, in the order in which they are asked. */
  catalogues: string[]
  networks: Network[]
  /** Recipes of the project's own: absolute paths of their folders, by the names of the boxes. */
  boxes: Record<string, string>
  /** In the order of the file; at least one. */
  machines: Machine[]
}

/** A private network. */
export interface Network {
  name: string
  /** `10.40.0.0/24`. */
  subnet: string
  /** A unique local prefix of 64 bits: `fd12:3456:789a:1::/64`. */
  ipv6: string
  isolated: boolean
  /** Machines send from their own addresses only. */
  guard: boolean
  seed: number
  conditions: Conditions
  links: { between: [string, string]; conditions: Conditions }[]
  /** Where the subnet stands, or the network. */
  place: Place
}

/** A machine's place on a network: as written, or as it follows from the names. */
export interface Attachment {
  network: string
  ipv4: string
  ipv6: string
  /** `52:54:00:c0:ff:ee`. */
  mac: string
}

export interface Machine {
  name: string
  /** Its name under `machines:`, which it shares with the other replicas; where it has none, its own. */
  group: string
  /** As written: `debian/12`, `./shop.box`, `https://…`; paths are relative to the root, also those of base manifests. */
  box: string
  boxTerms: BoxTerms
  /** `auto` or a provider's name. */
  provider: string
  /** `providers:` as written; a provider looks at the mapping under its own name. */
  providers: Record<string, Record<string, unknown>>
  arch: Arch | 'host'
  guest: GuestKind
  cpus: number
  /** Bytes. */
  memory: number
  /** What it keeps of them at least, where the rest comes and goes; null: all. */
  memoryMin: number | null
  /** Bytes; null: the box's own size. */
  disk: number | null
  /** Disks besides those of the box, in the order of the file. */
  disks: Disk[]
  /** What the guest does with them: those that it mounts or swaps to, a folder before what lies in it. */
  diskUses: DiskUse[]
  /** Names of those that outlive the machine. */
  keptDisks: string[]
  /** Whether a new one may begin with a warm image. */
  warm: boolean
  nested: boolean
  /** Null: no screen. */
  display: Display | null
  limits: Limits
  dependsOn: string[]
  /** In the order of the file, which is that of the NICs. */
  networks: Attachment[]
  ports: Port[]
  /** Whether whatever listens in the guest is forwarded besides. */
  autoPorts: boolean
  /** Ports of the host's loopback that the guest may reach. */
  hostAccess: HostAccess
  /** For provision steps and for commands run by exec and ssh. */
  env: Record<string, string>
  provision: WrittenStep[]
  hooks: Hooks
  /** In the order of the file; no target lies in another. */
  sync: SyncedFolder[]
  /** Those of `sync:` that the guest mounts. */
  mounts: MountedFolder[]
  /** All of them have to be answered well before the machine counts as ready. */
  ready: ReadyProbe[]
  /** User-data for cloud-init: the text itself, or an absolute path of the host to read it from. */
  cloudInit: { inline: string } | { path: string } | null
  /** Milliseconds from the start of the machine to a usable SSH. */
  bootTimeout: number
  /** Milliseconds that a graceful halt may take before the power is cut. */
  haltTimeout: number
  /** Set by what makes throw-away machines, not in a manifest. */
  throwAway?: true
  /**
   * Where a value of this machine stands: `place('box')`, `place('providers', 'qemu', 'machine')`; the nearest
   * written ancestor where it was not written.
   */
  place(...path: (string | number)[]): Place
}

/** When a changed setting reaches a machine that exists; src/manifest/effects.ts has the words. */
export type Effect = 'start' | 'remake' | 'up' | 'use' | 'rename'

export interface Setting {
  /** As it is written in the manifest. */
  key: string
  effect: Effect
  /** The part of the key's value that it is; absent: all of it. Markdown. */
  part?: string
}

/** Every setting of a machine, and what a change of it means. Null: it is not a setting. */
export const settings = {
  name: { key: 'machines', effect: 'rename' },
  group: { key: 'replicas', effect: 'rename' },
  box: { key: 'box', effect: 'remake' },
  boxTerms: { key: 'box', effect: 'remake' },
  provider: { key: 'provider', effect: 'start' },
  providers: { key: 'providers', effect: 'start' },
  arch: { key: 'arch', effect: 'remake' },
  guest: { key: 'guest', effect: 'start' },
  cpus: { key: 'cpus', effect: 'start' },
  memory: { key: 'memory', effect: 'start' },
  memoryMin: { key: 'memory', effect: 'start' },
  disk: { key: 'disk', effect: 'start' },
  disks: { key: 'disks', effect: 'start', part: '`name`, `size`' },
  diskUses: { key: 'disks', effect: 'up', part: '`mount`, `filesystem`, `format`' },
  keptDisks: { key: 'disks', effect: 'use', part: '`keep`' },
  warm: { key: 'warm', effect: 'use' },
  nested: { key: 'nested', effect: 'start' },
  display: { key: 'display', effect: 'start' },
  limits: { key: 'limits', effect: 'start' },
  dependsOn: { key: 'depends_on', effect: 'use' },
  networks: { key: 'networks', effect: 'start' },
  ports: { key: 'ports', effect: 'start' },
  hostAccess: { key: 'host_access', effect: 'start' },
  autoPorts: { key: 'ports', effect: 'up', part: '`auto`' },
  env: { key: 'env', effect: 'use' },
  provision: { key: 'provision', effect: 'up' },
  hooks: { key: 'hooks', effect: 'use' },
  sync: { key: 'sync', effect: 'up' },
  mounts: { key: 'sync', effect: 'start', part: '`type: mount`' },
  ready: { key: 'ready', effect: 'up' },
  cloudInit: { key: 'cloud_init', effect: 'remake' },
  bootTimeout: { key: 'boot_timeout', effect: 'use' },
  haltTimeout: { key: 'halt_timeout', effect: 'use' },
  throwAway: null,
  place: null,
} as const satisfies Record<keyof Machine, Setting | null>

/** Settings whose change a machine that was made does not have at once: it has to be compared with what was recorded. */
export type Kept = {
  [K in keyof typeof settings]: (typeof settings)[K] extends { effect: 'start' | 'remake' } ? K : never
}[keyof typeof settings]
