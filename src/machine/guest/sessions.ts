import { type Captured, capture, connect, type RemoteCommand, type SshSession } from '../../ssh/index.ts'
import type { Declared, Places, Providing, Reporting } from '../project.ts'
import type { HandOver } from './reach-guest.ts'
import { findReachable } from './session.ts'

/** What a command in a guest is given besides its words. */
export interface GuestCommandOptions {
  input?: string | Buffer
  /** Besides the manifest's. */
  env?: Record<string, string>
  cwd?: string
  user?: string
  signal?: AbortSignal
}

/** Of output and of errors, in bytes, at most. */
const limit = 64 * 1024 * 1024

/** Open connections to machines, one each, for a process that runs many commands. */
export class GuestSessions {
  readonly #project: Declared & Places & Providing & Reporting
  readonly #open = new Map<string, SshSession>()

  constructor(project: Declared & Places & Providing & Reporting) {
    this.#project = project
  }

  readonly take: HandOver = (machine, session) => {
    this.#open.set(machine, session)
    void session.closed.then(() => {
      if (this.#open.get(machine) === session) this.#open.delete(machine)
    })
    return true
  }

  /** E_SSH_LOST where it writes too much. */
  async capture(machine: string, command: RemoteCommand, options: GuestCommandOptions): Promise<Captured> {
    const { input, env, signal = this.#project.signal, ...rest } = options
    const config = this.#project.manifest.machines.find(({ name }) => name === machine)
    return capture(await this.#to(machine), command, {
      ...{ ...rest, env: { ...config?.env, ...env }, signal, limit },
      ...(input === undefined ? {} : { stdin: input }),
    })
  }

  async #to(machine: string): Promise<SshSession> {
    const known = this.#open.get(machine)
    if (known !== undefined) return known
    const { target } = await findReachable(this.#project, machine)
    const session = await connect(target, { signal: this.#project.signal })
    this.take(machine, session)
    return session
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((session) => session.close()))
    this.#open.clear()
  }
}
