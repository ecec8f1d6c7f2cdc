import type { Emit } from '../events/index.ts'
import type { ProvisionStep } from '../manifest/index.ts'
import type { SshSession } from '../ssh/index.ts'

export interface StepContext {
  emit: Emit
  /** The machine's name, for events and errors. */
  machine: string
  /** What marks this run of the step in the guest, so that what is left of it is found again. */
  mark: StepMark
  /** Values of what a step calls sensitive, by the names of their variables. */
  secrets: Readonly<Record<string, string>>
  /** A command of this host that leads to the machine's SSH server, where no port of the host does. */
  sshProxy?: readonly string[]
  /** Aborted when the user interrupts or the step's time is up; the reason is what `run` throws. */
  signal?: AbortSignal
}

export interface StepMark {
  /** The machine's, hexadecimal. */
  machine: string
  /** Of this run alone, hexadecimal. */
  run: string
}

/** A kind of provision step. Nothing of it is remembered between calls. */
export interface Provisioner<Step extends ProvisionStep> {
  /**
   * A digest of everything that makes the step up: what it reads from the host, its settings, who it
   * runs as; not its name, place, timeout or `run`. E_PROVISION_SOURCE, with the step's place, where
   * something on the host cannot be read.
   */
  digest(step: Step): Promise<string>
  /**
   * Carries the step out. A step that fails in the guest is E_PROVISION_STEP. No temporary file outlives the call,
   * and of what was started in the guest only what a step that succeeded or failed left in the background.
   */
  run(step: Step, session: SshSession, context: StepContext): Promise<void>
}
