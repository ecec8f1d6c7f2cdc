import { randomBytes } from 'node:crypto'
import { isPosadaError } from '../errors/index.ts'
import type { SshSession } from '../ssh/index.ts'
import { afterStep, beforeSteps, type GuestBefore } from './between-steps.ts'
import type { StepMark } from './contract.ts'

/** How the guest is reached in which steps run. */
export interface GuestAccess {
  /** See StepMark. */
  machine: string
  /** Asked once, when something is due. */
  open(): Promise<SshSession>
  /** Another session to the same guest. */
  reconnect(): Promise<SshSession>
  /**
   * The connection broke off, or the guest is on its way down: waits until the guest can be logged in to and makes
   * `session` lead there. False where it has not restarted: its kernel is still the one with this boot id.
   */
  awaitRestart(session: SshSession, bootId: string): Promise<boolean>
  /** Restarts the guest, whose kernel has this boot id, and makes `session` lead to it again. */
  restart(session: SshSession, bootId: string): Promise<void>
}

/** The guest between one step and the next. */
export class StepGuest {
  readonly #access: GuestAccess
  readonly #onStopped: (step: string) => void
  #session: SshSession | undefined
  #before: GuestBefore | undefined
  #isStopping = false

  /** `onStopped` is told what a command that was killed had left running. */
  constructor(access: GuestAccess, onStopped: (step: string) => void) {
    this.#access = access
    this.#onStopped = onStopped
  }

  /** What marks another run of a step. */
  newMark(): StepMark {
    return { machine: this.#access.machine, run: randomBytes(8).toString('hex') }
  }

  /** The session for the next step. The first call ends what was left running; later ones wait for a guest that restarts. */
  async ready(signal?: AbortSignal): Promise<SshSession> {
    const session = this.#session ?? (await this.#access.open())
    this.#session = session
    await this.settle()
    this.#before ??= await beforeSteps(session, this.#access.machine, signal)
    for (const step of this.#before.stopped.splice(0)) this.#onStopped(step)
    return session
  }

  /**
   * After a step: its work is on the guest's disk, and what the session runs next has the groups and the environment that
   * a login now gives. Whether the step has begun a restart is kept for `ready` and `settle`.
   */
  async keep(signal?: AbortSignal): Promise<void> {
    if (this.#session === undefined || this.#before === undefined) return
    const { isStopping, loginFiles } = await afterStep(this.#session, signal)
    this.#isStopping = isStopping
    if (isStopping || loginFiles === this.#before.loginFiles) return
    this.#before.loginFiles = loginFiles
    try {
      await this.#session.takeOver(await this.#access.reconnect())
    } catch (error) {
      // It may just go down, and has not said so.
      if (!isPosadaError(error, 'E_SSH_CONNECT', 'E_SSH_AUTH')) throw error
      this.#isStopping = true
    }
  }

  /** Waits for a guest that a step has begun to restart. */
  async settle(): Promise<void> {
    if (!this.#isStopping || (await this.#awaitRestart())) return
    this.#isStopping = false
    await this.#session?.takeOver(await this.#access.reconnect())
  }

  /** Of the kernel that runs now: another after a restart. */
  async bootId(signal?: AbortSignal): Promise<string> {
    await this.ready(signal)
    return this.#before?.bootId ?? ''
  }

  /** Restarts the guest; one that has restarted since it had this boot id has done so. */
  async restart(bootId: string, signal?: AbortSignal): Promise<void> {
    const session = await this.ready(signal)
    if (this.#before?.bootId !== bootId) return
    await this.#access.restart(session, bootId)
    this.#before = undefined
  }

  /** Whether what went wrong in a step was the guest's restart; it is up again then. */
  async hasRestarted(error: unknown): Promise<boolean> {
    if (isPosadaError(error, 'E_SSH_LOST')) return this.#awaitRestart()
    return isPosadaError(error, 'E_PROVISION_STEP') && (await this.#isGoingDown()) && this.#awaitRestart()
  }

  /** Whether a run has ended well before the restart. */
  async hasEnded({ run }: StepMark): Promise<boolean> {
    await this.ready()
    return this.#before?.ended.includes(run) === true
  }

  /** A shutdown ends a step's script before it ends the connection. */
  async #isGoingDown(): Promise<boolean> {
    if (this.#session === undefined) return false
    try {
      return (await afterStep(this.#session)).isStopping
    } catch (error) {
      if (isPosadaError(error, 'E_SSH_LOST')) return true
      throw error
    }
  }

  async #awaitRestart(): Promise<boolean> {
    const [session, before] = [this.#session, this.#before]
    if (session === undefined || before === undefined) return false
    if (!(await this.#access.awaitRestart(session, before.bootId))) return false
    this.#isStopping = false
    this.#before = undefined
    return true
  }
}
