import { type HostGuard, judgedBytes } from '../../../src/provider-kit/index.ts'
import type { FrameEvents, FrameLink } from './frame-link.ts'

/** A cable that a guard stands on (HostGuard); bytes of its frames are added to `carried`, also of those that do not pass. */
export class GuardedLink implements FrameLink {
  readonly #link: FrameLink
  readonly #guard: HostGuard
  readonly #carried: { received: number; sent: number }
  #events: FrameEvents | null = null

  constructor(link: FrameLink, guard: HostGuard, carried: { received: number; sent: number }) {
    this.#link = link
    this.#guard = guard
    this.#carried = carried
  }

  get up(): boolean {
    return this.#link.up
  }

  start(events: FrameEvents): void {
    this.#events = events
    this.#link.start({
      frame: (bytes) => {
        this.#carried.received += bytes.length
        this.#guard.toGuest(bytes)
        return events.frame(bytes)
      },
      changed: () => events.changed(),
      writable: () => events.writable(),
    })
  }

  /** What is judged is a copy, and that is sent: the guest's processors may change what lies in its memory meanwhile. */
  send(frame: readonly Uint8Array[], length: number): boolean {
    this.#carried.sent += length
    const { head, rest } = copyHead(frame, Math.min(length, judgedBytes))
    const verdict = this.#guard.fromGuest(head)
    if (verdict === 'pass') return this.#link.send([head, ...rest], length)
    if (verdict !== 'drop') this.#events?.frame(verdict)
    return true
  }

  resume(): void {
    this.#link.resume()
  }

  async close(): Promise<void> {
    this.#events = null
    await this.#link.close()
  }
}

/** The first bytes of what lies in pieces as one of their own, and what comes behind them as it is. */
function copyHead(pieces: readonly Uint8Array[], bytes: number): { head: Buffer; rest: Uint8Array[] } {
  const head = Buffer.allocUnsafe(bytes)
  const rest: Uint8Array[] = []
  let have = 0
  for (const piece of pieces) {
    const taken = Math.min(piece.length, bytes - have)
    head.set(taken === piece.length ? piece : piece.subarray(0, taken), have)
    have += taken
    if (taken < piece.length) rest.push(taken === 0 ? piece : piece.subarray(taken))
  }
  return { head, rest }
}
