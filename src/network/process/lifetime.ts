/** Milliseconds that an announced machine may take until its NIC is there, and that no machine may be there. */
const patience = 60_000

/**
 * Whether the process is still of use: a machine is linked, or was announced and may yet come. Pure, by
 * the times that it is given.
 */
export class Lifetime {
  readonly #expected = new Map<string, number>()
  #usedAt: number

  constructor(now: number) {
    this.#usedAt = now
  }

  /** The machines are about to start. */
  expect(machines: readonly string[], now: number): void {
    for (const machine of machines) this.#expected.set(machine, now + patience)
    this.#usedAt = now
  }

  /** The machine is linked, or has stopped: it is no longer waited for. */
  settle(machine: string): void {
    this.#expected.delete(machine)
  }

  /** No machine is there, and none is about to come. */
  isEmpty(linked: number, now: number): boolean {
    for (const [machine, until] of this.#expected) if (until <= now) this.#expected.delete(machine)
    return linked === 0 && this.#expected.size === 0
  }

  /** It has been so for long: machines that ended by themselves tell no one. */
  isForgotten(linked: number, now: number): boolean {
    if (!this.isEmpty(linked, now)) this.#usedAt = now
    return now - this.#usedAt >= patience
  }
}
