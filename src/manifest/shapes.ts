import type { Place } from '../errors/index.ts'
import type { WebAddress } from '../lib/net/web-address.ts'

// What the values of a machine's keys become.

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

/** What runs in a machine: Linux that can be logged in to, or anything else. */
export const guestKinds = ['linux', 'other'] as const

export type GuestKind = (typeof guestKinds)[number]

/** A screen, in pixels. */
export interface Display {
  width: number
  height: number
}

export const filesystems = ['ext4', 'xfs', 'btrfs', 'swap'] as const

/** A disk of the machine's own, besides those of its box. */
export interface Disk {
  /** Unique in the machine; also the disk's serial number. */
  name: string
  /** Bytes, a whole number of MiB. */
  size: number
  place: Place
}

/** What the guest does with a disk. */
export interface DiskUse {
  name: string
  filesystem: (typeof filesystems)[number]
  /** Absolute path in the guest; null: it is swapped to. */
  mount: string | null
  /** Whether it is formatted where it is blank. */
  format: boolean
  place: Place
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

/** A folder of the host that the guest works in itself. */
export interface MountedFolder {
  /** Absolute path of the host; a symbolic link may lead from it. */
  from: string
  /** Absolute path in the guest, normal and not `/`. */
  to: string
  type: 'mount'
  readOnly: boolean
  place: Place
}

/** What hooks may run around. */
export const hookVerbs = [
  ...(['up', 'halt', 'destroy', 'provision', 'suspend', 'resume', 'snapshot', 'rewind'] as const),
] as const

export type HookVerb = (typeof hookVerbs)[number]

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
export type ProvisionStep = ShellStep | FileStep | AnsibleStep | PuppetStep | PluginStep

/** A step as it is written: its script may have to be fetched first. */
export type WrittenStep =
  | ShellStep<LocalScript | WebAddress>
  | FileStep
  | AnsibleStep
  | PuppetStep
  | Omit<PluginStep, 'code'>

/** A script itself, or an absolute path of the host to read it from. */
export type LocalScript = { inline: string } | { path: string }

/** A script as it is run: of one that was fetched, the very bytes that were checked. */
type RunnableScript = LocalScript | { bytes: Uint8Array }

interface StepBase {
  /** Unique in the machine; `step-<n>` (from 1) where none was written. */
  name: string
  /** `never`: only where `onResume` or `onFork` says so. */
  run: 'once' | 'changed' | 'always' | 'never'
  /** Whether it is run each time that the machine goes on from its memory; left out: it is not. */
  onResume?: boolean
  /** Whether it is run once in a machine that is a copy of another, whatever was run in that; left out: it is not. */
  onFork?: boolean
  /** How often it is run again where it fails. */
  retries: number
  /** Whether the guest is restarted behind it. */
  reboot: boolean
  /** Whether the disk as it is behind it is kept for other machines; left out: it is not. */
  cache?: boolean
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

export interface PuppetStep extends StepBase {
  kind: 'puppet'
  /** Absolute path of the host. */
  manifest: string
  facts: Record<string, string>
}

/** A step that code in a package carries out. */
export interface PluginStep extends StepBase {
  kind: 'uses'
  /** The name of the provisioner. */
  uses: string
  with: Record<string, unknown>
  /** Absolute path of the folder that paths in `with` are relative to. */
  root: string
  code: PluginCode
}

/** The code of a plug-in that was found. */
export interface PluginCode {
  /** SHA-256 of the package's content, hexadecimal. */
  digest: string
  /** What it exports as `provisioner`; asks for trust. */
  load(): Promise<unknown>
}

export type ReadyProbe = TcpProbe | HttpProbe | ShellProbe | ConsoleProbe

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

/** Looked for in what the guest has written to its console since it was started. */
export interface ConsoleProbe extends ProbeBase {
  kind: 'console'
  text: string
}
