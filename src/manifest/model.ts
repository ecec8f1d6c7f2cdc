import type { Place } from '../errors/index.ts'
import type { WebAddress } from '../lib/net/web-address.ts'
import type { Arch } from '../lib/values/arch.ts'
import type { Conditions } from '../lib/values/link-conditions.ts'

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
  cpus: number
  /** Bytes. */
  memory: number
  /** Bytes; null: the box's own size. */
  disk: number | null
  nested: boolean
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
  /** All of them have to be answered well before the machine counts as ready. */
  ready: ReadyProbe[]
  /** User-data for cloud-init: the text itself, or an absolute path of the host to read it from. */
  cloudInit: { inline: string } | { path: string } | null
  /** Milliseconds from the start of the machine to a usable SSH. */
  bootTimeout: number
  /** Milliseconds that a graceful halt may take before the power is cut. */
  haltTimeout: number
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
  cpus: { key: 'cpus', effect: 'start' },
  memory: { key: 'memory', effect: 'start' },
  disk: { key: 'disk', effect: 'start' },
  nested: { key: 'nested', effect: 'start' },
  dependsOn: { key: 'depends_on', effect: 'use' },
  networks: { key: 'networks', effect: 'start' },
  ports: { key: 'ports', effect: 'start' },
  hostAccess: { key: 'host_access', effect: 'start' },
  autoPorts: { key: 'ports', effect: 'up', part: '`auto`' },
  env: { key: 'env', effect: 'use' },
  provision: { key: 'provision', effect: 'up' },
  hooks: { key: 'hooks', effect: 'use' },
  sync: { key: 'sync', effect: 'up' },
  ready: { key: 'ready', effect: 'up' },
  cloudInit: { key: 'cloud_init', effect: 'remake' },
  bootTimeout: { key: 'boot_timeout', effect: 'use' },
  haltTimeout: { key: 'halt_timeout', effect: 'use' },
  place: null,
} as const satisfies Record<keyof Machine, Setting | null>

/** Settings whose change a machine that was made does not have at once: it has to be compared with what was recorded. */
export type Kept = {
  [K in keyof typeof settings]: (typeof settings)[K] extends { effect: 'start' | 'remake' } ? K : never
}[keyof typeof settings]

/** What holds for getting a machine's box. */
export interface BoxTerms {
  /** `sha256:…`; null: the box's source has to say. */
  checksum: string | null
  /** Whether a download without a checksum is accepted. */
  unchecked: boolean
  /** What the box is, where it does not say itself. */
  facts: {
    name?: string
    version?: string
    user?: string
    firmware?: 'bios' | 'uefi'
    image?: 'qcow2' | 'raw'
  }
}

export interface Port {
  protocol: 'tcp' | 'udp'
  /** IPv4 address that the host listens on; 127.0.0.1 unless written. */
  hostAddress: string
  hostPort: number
  guestPort: number
  /** Whether another host port may be taken when this one is in use. */
  auto: boolean
  /** Which item of `ports:` it comes from, from 0: a range is several ports. */
  item: number
}

/** A folder of the host in the guest. */
export interface SyncedFolder {
  /** Absolute path of the host; a symbolic link may lead from it. */
  from: string
  /** Absolute path in the guest, normal and not `/`. */
  to: string
  type: 'mirror' | 'once'
  /** Patterns as in `.gitignore`. */
  exclude: string[]
  gitignore: boolean
  git: boolean
  merge: boolean
  place: Place
}

export type HookVerb = 'up' | 'halt' | 'destroy' | 'provision'

/** What runs around a verb, in order. */
export type Hooks = Record<'before' | 'after', Record<HookVerb, Hook[]>>

export interface Hook {
  /** A command line for `sh`. */
  run: string
  in: 'host' | 'guest'
  /** Milliseconds. */
  timeout: number
  onError: 'fail' | 'warn'
  place: Place
}

/** Ports, or each of them. */
export type HostAccess = 'all' | number[]

/** A step as it is run. */
export type ProvisionStep = ShellStep | FileStep | AnsibleStep

/** A step as it is written: its script may have to be fetched first. */
export type WrittenStep = ShellStep<LocalScript | WebAddress> | FileStep | AnsibleStep

/** A script itself, or an absolute path of the host to read it from. */
export type LocalScript = { inline: string } | { path: string }

/** A script as it is run: of one that was fetched, the very bytes that were checked. */
type RunnableScript = LocalScript | { bytes: Uint8Array }

interface StepBase {
  /** Unique in the machine; `step-<n>` (from 1) where none was written. */
  name: string
  run: 'once' | 'changed' | 'always'
  /** How often it is run again where it fails. */
  retries: number
  /** Whether the guest is restarted behind it. */
  reboot: boolean
  /** Milliseconds; null: none. */
  timeout: number | null
  place: Place
}

export interface ShellStep<Script = RunnableScript> extends StepBase {
  kind: 'shell'
  source: Script
  args: string[]
  /** Merged over the machine's own. */
  env: Record<string, string>
  /** The guest's user that it runs as; `root` unless written. */
  user: string
  /** Variables whose values are read when the step runs, by their names; over `env`. */
  sensitive: Record<string, SecretPlace>
}

/** Where a secret value is: a variable of the host, an absolute path, or what a command of the host writes. */
export type SecretPlace = { env: string } | { path: string } | { command: string }

export interface FileStep extends StepBase {
  kind: 'file'
  /** Absolute path of the host: a file or a folder; or text that becomes the file. */
  source: { path: string } | { content: string }
  /** Absolute path in the guest. */
  to: string
  /** Octal digits, such as `0644`; null: as on the host (0644 for text). */
  mode: string | null
  owner: string | null
  group: string | null
}

export interface AnsibleStep extends StepBase {
  kind: 'ansible'
  /** Absolute path of the host. */
  playbook: string
  groups: string[]
  vars: Record<string, unknown>
  /** Whose ansible-playbook runs it; null: this computer's where it has one, else the guest's. */
  via: 'host' | 'guest' | null
}

export type ReadyProbe = TcpProbe | HttpProbe | ShellProbe

interface ProbeBase {
  /** What to do where it does not come; null: nothing was written. */
  hint: string | null
  /** Milliseconds between two looks. */
  interval: number
  /** Milliseconds from the end of provisioning. */
  timeout: number
  place: Place
}

export interface TcpProbe extends ProbeBase {
  kind: 'tcp'
  port: number
}

/** A GET in the guest; `host` has no brackets, `path` begins with `/`; both hold printable ASCII only. */
export interface HttpProbe extends ProbeBase {
  kind: 'http'
  host: string
  port: number
  path: string
}

/** Run by `sh` as the login user, in the machine's environment. */
export interface ShellProbe extends ProbeBase {
  kind: 'shell'
  script: string
}
