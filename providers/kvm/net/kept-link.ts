import type { FrameEvents, FrameLink } from './frame-link.ts'

/**
 * A cable that outlives the guests of a machine: each restart plugs another NIC in, and what comes for none is lost. It
 * is closed with the process.
 */
export class KeptLink {
  readonly #link: FrameLink
  #events: FrameEvents | null = null

  constructor(link: FrameLink) {
    this.#link = link
    link.start({
      frame: (bytes) => this.#events?.frame(bytes) ?? true,
      changed: () => this.#events?.changed(),
      writable: () => this.#events?.writable(),
    })
  }

  /** The end of one guest's NIC. */
  plug(): FrameLink {
    const link = this.#link
    let own: FrameEvents | null = null
    return {
      get up() {
        return link.up
      },
      start: (events) => {
        own = events
        this.#events = events
      },
      send: (frame, length) => link.send(frame, length),
      resume: () => link.resume(),
      close: async () => {
        if (this.#events === own) this.#events = null
        // What the guest before had no room for is not to hold up the next.
        link.resume()
      },
    }
  }
}
