/** Addresses learned at most, so that a machine that makes them up fills no memory. */
const mostLearned = 1024
/** Milliseconds that an address which is not heard of stays known (IEEE 802.1Q, 8.8.3: 300 s). */
const staysKnown = 300_000

/** Which port a MAC address is at: declared ones stay, others are learned from what is sent. */
export class ForwardingTable {
  readonly #declared = new Map<number, number>()
  readonly #learned = new Map<number, { port: number; heard: number }>()

  declare(mac: number, port: number): void {
    this.#declared.set(mac, port)
    this.#learned.delete(mac)
  }

  /** Takes out all that is known of a port. */
  forget(port: number): void {
    for (const [mac, declared] of this.#declared) if (declared === port) this.#declared.delete(mac)
    for (const [mac, learned] of this.#learned) if (learned.port === port) this.#learned.delete(mac)
  }

  /** A declared address belongs to one port. When the table is full, the address longest not heard of goes. */
  learn(mac: number, port: number, now: number): void {
    if (this.#declared.has(mac)) return
    this.#learned.delete(mac)
    if (this.#learned.size >= mostLearned) {
      for (const oldest of this.#learned.keys()) {
        this.#learned.delete(oldest)
        break
      }
    }
    this.#learned.set(mac, { port, heard: now })
  }

  /** The port, or undefined where no port is known to have the address. */
  find(mac: number, now: number): number | undefined {
    const declared = this.#declared.get(mac)
    if (declared !== undefined) return declared
    const learned = this.#learned.get(mac)
    if (learned === undefined) return undefined
    if (now - learned.heard <= staysKnown) return learned.port
    this.#learned.delete(mac)
    return undefined
  }

  get size(): number {
    return this.#declared.size + this.#learned.size
  }
}
