import type { PosadaEvent } from '../events/index.ts'

export type { PosadaError } from '../errors/index.ts'
export type { PosadaEvent } from '../events/index.ts'

/** What `posada/test` offers: docs/testing.md. */
export interface EnvironmentOptions {
  /** A manifest's path, from the working folder on, or file: URL; or what one would hold. */
  manifest: string | URL | Record<string, unknown>
  /** Whether the machines are saved once they are up, so that `rewind` leads back there; true unless given. */
  rewindable?: boolean
  /** Stops all work on them. They are destroyed all the same. */
  signal?: AbortSignal
  /** Told what happens meanwhile. */
  onEvent?: (event: PosadaEvent) => void
}

/** Machines of a test's own, which live no longer than its process. Errors are PosadaErrors: they have a `code`. */
export interface Environment {
  /** Names of the machines, in the manifest's order. */
  readonly machines: readonly string[]
  /** E_MACHINE_UNKNOWN. */
  machine(name: string): Machine
  /** Saves all machines as they are now, which ends connections into them. E_SNAPSHOT_EXISTS, E_CAPABILITY. */
  save(name: string): Promise<void>
  /** Puts all machines back to where they were first ready, or were saved; conditions of networks are the manifest's. */
  rewind(name?: string): Promise<void>
  /** Changes what a network, or the way between two machines, is like. E_USAGE for a value that makes no sense. */
  conditions(set: ConditionsSet, where?: ConditionsPlace): Promise<void>
  /** Lets nothing pass between two machines. */
  cut(a: string, b: string): Promise<void>
  /** Undoes a cut. */
  heal(a: string, b: string): Promise<void>
  /** Destroys the machines and all that belongs to them. */
  destroy(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface Machine {
  readonly name: string
  /** The manifest's `ports`, each with the free port of the host that leads to it; a rewind may change that. */
  readonly ports: readonly Port[]
  /** Runs a program with its arguments, or text in the login user's shell; a failing command is a result like any other. */
  exec(command: string | readonly string[], options?: ExecOptions): Promise<ExecResult>
}

export interface Port {
  protocol: 'tcp' | 'udp'
  guestPort: number
  /** 127.0.0.1 */
  hostAddress: string
  hostPort: number
}

export interface ExecOptions {
  /** What the command reads; nothing unless given. */
  input?: string | Buffer
  /** Besides the manifest's. */
  env?: Record<string, string>
  cwd?: string
  /** Another user of the guest than the one that logs in, who may become that user by sudo. */
  user?: string
  /** Stops the command, and all that it started. */
  signal?: AbortSignal
}

export interface ExecResult {
  /** As UTF-8; 64 MiB at most. */
  stdout: string
  stderr: string
  /** 128 and more for a command that a signal ended. */
  exitCode: number
}

/** As in a manifest: `latency: '40ms'`, `loss: '2%'`, `rate: '10mbit'`. */
export interface ConditionsSet {
  latency?: string
  jitter?: string
  loss?: string
  duplicate?: string
  reorder?: string
  rate?: string
  cut?: boolean
}

export interface ConditionsPlace {
  /** Only the way between these two. */
  between?: readonly [string, string]
  /** The only network unless given. */
  network?: string
}

/** Brings up machines for tests, with their provision steps done. */
export declare function environment(options: EnvironmentOptions): Promise<Environment>
