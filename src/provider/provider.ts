import type { Duplex } from 'node:stream'
import type { Emit } from '../events/index.ts'
import type { Capabilities, ProbeReport } from './capabilities.ts'
import type { MachineSpec } from './machine-spec.ts'
import type { Metrics } from './metrics.ts'
import type { Usage } from './usage.ts'

/** What the composition root hands to a provider. */
export interface ProviderContext {
  /** A folder for what the provider found out about this host; may be emptied at any time. */
  cacheDir: string
  emit: Emit
}

/**
 * What a provider package exports as `provider`. The number is the contract's version: the core
 * refuses a package made for another.
 */
export interface ProviderPlugin {
  contract: typeof contractVersion
  name: string
  create(context: ProviderContext): Provider
}

export const contractVersion = 2

/** Bytes that a hypervisor takes beside its guest's memory, where its provider says nothing else. */
export const usualOverhead = 96 * 2 ** 20

/**
 * A way to run machines.
 *
 * Every method may be called by a new process: a provider keeps nothing in memory that it needs
 * later, and finds its machine again from the spec alone. Every method is idempotent: called again
 * after it was cut short at any point, it completes or reports the truth. Failures that a user can
 * meet are PosadaErrors. `signal` aborts waiting; what has been begun is left in a state that
 * `status` tells truly.
 *
 * test/contract holds every provider to this.
 */
export interface Provider {
  readonly name: string

  /** What it can do; cheap, and true even where the probe fails. */
  capabilities(): Capabilities

  /** Finds out, by running something, whether machines can run here. Cached where that is sound. */
  probe(options?: { fresh?: boolean; signal?: AbortSignal }): Promise<ProbeReport>

  /**
   * Looks at `options`, the manifest's `providers.<name>` mapping. Returns a problem for each wrong
   * entry; `path` leads to it from the mapping's root. Pure.
   */
  checkOptions(options: Record<string, unknown>): OptionProblem[]

  /**
   * What in `options` has programs or files of this host used. The user is asked for each before the first start.
   * Where it is left out, nothing does. Pure.
   */
  hostOptions?(options: Record<string, unknown>): HostOption[]

  /**
   * Bytes of the host's memory that the machine's processes take beside the guest's own, at most. Asked before it is
   * started and while it runs. Where it is left out, `usualOverhead`.
   */
  memoryOverhead?(spec: MachineSpec): Promise<number>

  /** Makes the machine's overlays where they are missing and grows them where the spec says more. */
  create(spec: MachineSpec): Promise<void>

  /** Starts a created machine; resolves when its virtual processors run. Starting one that runs does nothing. */
  start(spec: MachineSpec, options?: { signal?: AbortSignal }): Promise<void>

  /** Asks the hypervisor itself. */
  status(spec: MachineSpec): Promise<MachineStatus>

  /** What a machine that runs takes of the host; null for one that does not run. Left out: that cannot be told. */
  usage?(spec: MachineSpec): Promise<Usage | null>

  /** What its hypervisor counts of a machine that runs; null for one that does not. Left out: it counts nothing. */
  metrics?(spec: MachineSpec): Promise<Metrics | null>

  /**
   * Stops the machine. `graceful` asks the guest first and waits for it `timeout` milliseconds;
   * then, or at once where it is false, the power is cut. Resolves when no process is left.
   */
  stop(spec: MachineSpec, options: StopOptions): Promise<StopResult>

  /** Where `capabilities().pause`: the virtual processors stand still, memory stays. */
  pause(spec: MachineSpec): Promise<void>
  resume(spec: MachineSpec): Promise<void>

  /**
   * Where `capabilities().snapshot`: lets the machine stand still and writes its memory and devices into a new file at
   * `path`, flushed. Its disks then hold all that was written to them and are left alone until `resume`, which lets it
   * go on, or `stop`. Cut short or failed, it leaves a part of the file, and a machine that stands still. A provider may
   * pass all that it writes to `onBytes`, in order, so that the file need not be read again for its checksum. Returns what
   * `load` has to be told of the file, if anything: its layout.
   */
  save?(spec: MachineSpec, path: string, options?: SaveOptions): Promise<string | null>

  /**
   * Where `capabilities().snapshot`: starts a stopped machine with what `save` wrote of one with the same spec, whose
   * disks are as they were then; forwards may differ. It stands still until `resume`. The file is not changed, and has to
   * stay as it is while the machine runs; it may be removed.
   */
  load?(spec: MachineSpec, path: string, options?: LoadOptions): Promise<void>

  /**
   * Where `capabilities().snapshot`: pulls the cables of all NICs of a machine that runs or stands still, or plugs them in
   * again: what is sent either way meanwhile is lost, and the guest sees it. They are plugged in after `load`.
   */
  setLinks?(spec: MachineSpec, up: boolean): Promise<void>

  /**
   * Where `capabilities().snapshot`: what besides the spec has to be the same for `load` as it was for `save`, by names
   * that people understand: `{ QEMU: '7.2', processor: 'max' }`.
   */
  memoryFacts?(spec: MachineSpec): Promise<Record<string, string>>

  /** Takes away whatever the provider made for the machine; it must not be running. */
  destroy(spec: MachineSpec): Promise<void>

  /**
   * Writes `bytes` to the guest's serial console, whose output is in `files.consoleLog`, and resolves when all of them
   * were taken; false: it does not run, or no one can be reached there. Any number of processes may write. Left out: the
   * console is only written.
   */
  writeConsole?(spec: MachineSpec, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean>

  /** Where `capabilities().display`: what is on the screen of a machine that has one and runs, as a PNG. */
  screenshot?(spec: MachineSpec, signal?: AbortSignal): Promise<Buffer>

  /**
   * Where `capabilities().display`: presses keys of the keyboard together, and lets them go; false: it does not run. What
   * the guest does not take in time is lost, as with a real one: callers leave some 30 ms between two calls.
   */
  pressKeys?(spec: MachineSpec, keys: readonly KeyName[], signal?: AbortSignal): Promise<boolean>

  /**
   * A connection into the guest of a machine that runs, from the moment `start` resolves. `ready` and `agent` lead to serial
   * channels, where the capabilities of these names say so: the port named `org.posada.ready.0` on which a box says that it
   * can be logged in to, and the QEMU guest agent's; one that has them takes them from whoever had them before, or makes
   * him wait, and what the guest has said before may be lost. `tcp` leads to a port of the guest that a NIC forwards.
   * Rejects with a system error where no one listens, or not yet; with E_CAPABILITY where there is no such way.
   */
  open(spec: MachineSpec, to: OpenTo, signal?: AbortSignal): Promise<Duplex>

  /**
   * Path of a Unix socket of this host by which other programs reach into the guest; null: there is none. `vsock`, asked for
   * only where `capabilities().network` is false, leads to the guest's vsock ports as Firecracker has it: whoever
   * connects says `CONNECT <port>`, is told `OK <number>`, each a line, and is joined to the guest. `display`, asked for
   * only where `capabilities().display` and of a machine with a screen, shows that by VNC (RFC 6143). Left out: null.
   */
  localSocket?(spec: MachineSpec, name: 'vsock' | 'display'): string | null
}

/** Where a connection into a guest leads: a serial channel by its name, or a TCP port of the guest. */
export type OpenTo = 'ready' | 'agent' | { tcp: number }

export interface LoadOptions {
  signal?: AbortSignal
  /** What `save` said of the file, if anything. */
  layout?: string | undefined
}

export interface SaveOptions {
  signal?: AbortSignal
  /** It may take longer to save then, and should be quick to load. */
  isLoadedOften?: boolean
  onBytes?: (bytes: Uint8Array) => void
}

/** A key by its name in QEMU (qapi/ui.json, QKeyCode): `a`, `f1`, `ret`, `shift`. */
export type KeyName = string

export interface HostOption {
  /** For people: `starts the program "./qemu" as QEMU`. */
  what: string
  /** Texts that may name files: of those that lie in the project the content is asked for, too. */
  texts: string[]
}

export interface OptionProblem {
  path: readonly (string | number)[]
  message: string
  hint?: string
}

export type MachineStatus =
  | { state: 'absent' }
  /** It has disks and no process. `crashed` when the process ended without being asked to; `byGuest`: the guest did it. */
  | { state: 'stopped'; crashed: boolean; reason?: string; byGuest?: true }
  /** `stalled`: no one paused it; it stands still because the host could not take what it wrote to a disk. */
  | {
      state: 'running' | 'paused'
      /** Of the process that runs it, where that is one of this host. */
      pid?: number
      /** Of the process of this host without which it cannot be reached, where it runs on another. */
      link?: number
      accelerator: string
      stalled?: 'disk-full'
      /** Tags of shares that no process serves any more: what works in them in the guest waits until the machine ends. */
      lostShares?: string[]
    }

/** A machine that has a process, whether its processors run or stand still. */
export type UpStatus = Extract<MachineStatus, { accelerator: string }>

/** The process of this host that what serves such a machine here goes by: it ends when that has ended. */
export function ownProcess({ pid, link }: UpStatus): number | null {
  return pid ?? link ?? null
}

export function isUp(status: MachineStatus): status is UpStatus {
  return status.state === 'running' || status.state === 'paused'
}

export interface StopOptions {
  graceful: boolean
  /** Milliseconds to wait for the guest. */
  timeout: number
  signal?: AbortSignal
}

export interface StopResult {
  /** How it ended: the guest shut down, the power was cut, or it was not running at all. */
  how: 'graceful' | 'forced' | 'already'
  /** By what means: `acpi`, `agent`, `quit`, `kill`…; `itself`: the hypervisor ended before its power was cut. */
  via: string
}
