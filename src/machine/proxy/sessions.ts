import { connect, type SshSession } from '../../ssh/index.ts'
import { findReachable } from '../guest/session.ts'
import type { Declared, Places, Providing, Reporting } from '../project.ts'

/** SSH connections to machines, made when they are first asked for, and again when they have ended. */
export class Sessions {
  readonly #project: Declared & Places & Providing & Reporting
  readonly #open = new Map<string, Promise<SshSession>>()

  constructor(project: Declared & Places & Providing & Reporting) {
    this.#project = project
  }

  /** @throws PosadaError why the machine cannot be reached now; the next call tries again */
  get(machine: string): Promise<SshSession> {
    const known = this.#open.get(machine)
    if (known !== undefined) return known
    const made = this.#connect(machine)
    this.#open.set(machine, made)
    const forget = () => {
      if (this.#open.get(machine) === made) this.#open.delete(machine)
    }
    made.then(({ closed }) => closed.then(forget), forget)
    return made
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    await Promise.allSettled(all.map(async (session) => (await session).close()))
  }

  async #connect(machine: string): Promise<SshSession> {
    const { target } = await findReachable(this.#project, machine)
    return connect(target, { signal: this.#project.signal })
  }
}
