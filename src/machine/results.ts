import type { Metrics, Usage } from '../provider/index.ts'
import type { Found, MachineStateName } from './facts/observed.ts'
import type { FolderStatus } from './folder-results.ts'
import type { Planned } from './plan/actions.ts'

/**
 * What the verbs return: plain data, and with `--json` what the command prints (docs/json.md).
 * Times are ISO 8601, durations milliseconds, sizes bytes.
 */

export interface SshAddress {
  host: string
  port: number
  /**
   * Only where no port of the host leads to the machine: the Unix socket through which its vsock ports are
   * reached. `host` is then `vsock`, and `port` the guest's.
   */
  vsock?: string
  user: string
  keyFile: string
}

export interface PortResult {
  protocol: 'tcp' | 'udp'
  hostAddress: string
  hostPort: number
  guestPort: number
  /** The port that the manifest asked for, where `auto: true` moved it. */
  movedFrom?: number
  /** It leads to what listens in the guest now, and is closed with it (`ports: auto`). */
  auto?: true
}

export interface ScreenshotResult {
  machine: string
  /** As it was given; relative to the working folder. */
  file: string
  bytes: number
  /** Of the picture, in pixels. */
  width: number
  height: number
}

export interface StatsResult {
  name: string
  state: MachineStateName
  /** Processors and bytes of memory that it was given. */
  cpus: number
  memory: number
  /** Since it was started; null unless it runs, and where its provider cannot tell. */
  usage: Usage | null
  /** A second, since the look before; `cpu` in processors. Null where there was none. */
  rates: {
    cpu: number
    read: number
    written: number
    received: number | null
    sent: number | null
  } | null
  /** What its hypervisor counts of processors and devices; null unless it runs, and where its provider counts nothing. */
  metrics: Metrics | null
}

export interface StatusResult {
  name: string
  state: MachineStateName
  /** Null while the machine is absent. */
  provider: string | null
  /** What executes the guest's code; null unless it runs. */
  accelerator: string | null
  box: string
  cpus: number
  memory: number
  pid: number | null
  startedAt: string | null
  /** Null unless it runs and was ready. */
  ssh: SshAddress | null
  ports: PortResult[]
  /** False for a machine that was made and is no longer in the manifest; null where the manifest is broken. */
  inManifest: boolean | null
  /**
   * Settings of the manifest that the machine does not have yet and will not have by a start alone: `memory` of a
   * running one, `box`…
   */
  pending: string[]
  /** Those of them that only a new machine takes over; absent: none. */
  remake?: string[]
  /** Why it is in this state, where there is more to say: how it crashed, that cloud-init failed. */
  reason?: string
  /** The code of the failure, where its state is unknown: `E_STATE_CORRUPT`. */
  code?: string
  /** Whether it was ready when the manifest's probes were last waited for; null where it has none, or does not run. */
  ready: boolean | null
  /** Provision steps that have not succeeded yet, where it runs: `up` runs them. */
  due?: string[]
  /** All of them, in the order of the manifest, where they were asked for. */
  steps?: StepStatus[]
  /** Its folders of the host; absent: it has none. */
  folders?: FolderStatus[]
  /** The end of its console, where it crashed. */
  console?: string[]
}

/** How a provision step stands. */
export interface StepStatus {
  name: string
  kind: 'shell' | 'file' | 'ansible' | 'puppet' | 'uses'
  run: 'once' | 'changed' | 'always' | 'never'
  /** When it last succeeded; null: it has not, or failed since. */
  doneAt: string | null
  /** Whether it is not what it was then; null where there is nothing to compare. */
  changed: boolean | null
  /** Whether the next `up` runs it. */
  due: boolean
  /** The last run, where that failed. */
  failed: { at: string; code: string } | null
  /** Why it could not be run: a file that is missing. */
  problem?: string
}

/** What `up` would do. */
export interface PlanResult {
  /** Whether it would do anything but look whether machines are ready. */
  changes: boolean
  machines: MachinePlan[]
  /** Machines that were made and left the manifest since, and that `up` leaves alone. */
  orphans: string[]
}

export interface MachinePlan {
  name: string
  /** How it was found; `unknown` where its provider is not installed. */
  state: Found | 'unknown'
  /** In the order in which `up` would do them; none: it is as it is wanted. */
  actions: Planned[]
  /** What it would have of the manifest only after a `reload`, or after a `destroy` and an `up`. */
  pending: { key: string; from: string; to: string; takes: 'reload' | 'destroy' }[]
  /** Its disks that left the manifest, whose files stay without `--prune`; absent: none. */
  leftDisks?: readonly string[]
  /** Of a machine that would be made; `stored`: false where its box would be fetched, null where its recipe says. */
  box?: { name: string; stored: boolean | null }
  /** Why `up` would refuse: its records cannot be read, or its provider is not installed. */
  reason?: string
  code?: string
  hint?: string
}

export interface UpMachineResult {
  name: string
  /** What `up` found: it made the machine, started it, or left it running. */
  change: 'created' | 'started' | 'resumed' | 'none'
  /** It was made and did not boot: it began with a warm image. */
  warm?: true
  provider: string
  accelerator: string | null
  /** Null: its guest is not logged in to. */
  ssh: SshAddress | null
  ports: PortResult[]
  steps: ProvisionResult[]
  /** True where the manifest's probes were answered well; null where it has none, or steps are left to run first. */
  ready: boolean | null
  ms: number
}

export interface ProvisionResult {
  name: string
  result: 'ran' | 'skipped'
  ms: number
}

export interface HaltResult {
  name: string
  /** `already`: it was not running. */
  how: 'graceful' | 'forced' | 'already'
  via: string
  ms: number
}

export interface SuspendResult {
  name: string
  state: 'suspended' | 'stopped'
  /** Whether it was suspended now. */
  suspended: boolean
  ms: number
}

export interface DestroyResult {
  name: string
  /** Whether there was anything to take away. */
  destroyed: boolean
  /** Disks that were kept, which the next machine of this name gets; absent: none. */
  keptDisks?: string[]
}

/** A project of this user, with what is said of each of its machines. */
export interface ProjectOf<T> {
  name: string
  root: string
  id: string
  /** Null where the folder or the manifest is gone or cannot be read; `problem` says why. */
  machines: T[] | null
  problem?: string
}

export type ProjectResult = ProjectOf<{ name: string; state: MachineStateName }>

export interface PortsResult {
  machine: string
  /** Null: its guest is not logged in to. */
  ssh: SshAddress | null
  ports: PortResult[]
  /** Its addresses on private networks, which `posada proxy` leads to. */
  networks: { name: string; ipv4: string; ipv6: string }[]
}

/** A proxy that leads to the project's machines. */
export interface ProxyResult {
  project: string
  host: string
  port: number
  /** URLs of the same port, for clients that take one of them. */
  socks: string
  http: string
}

/** The end of a guest's command: its exit code, or 128 + the number of the signal that killed it. */
export interface CommandResult {
  exitCode: number
  signal?: string
}
