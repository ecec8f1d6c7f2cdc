import type { FrameEvents, FrameLink } from './frame-link.ts'

/** A NIC's end of a cable whose other end comes later: until then the guest's frames wait in its queue. */
export class LateLink implements FrameLink {
  #link: FrameLink | null = null
  #events: FrameEvents | null = null
  #closed = false

  get up(): boolean {
    return this.#link?.up ?? true
  }

  start(events: FrameEvents): void {
    this.#events = events
    this.#link?.start(events)
  }

  send(frame: readonly Uint8Array[], length: number): boolean {
    return this.#link?.send(frame, length) ?? false
  }

  resume(): void {
    this.#link?.resume()
  }

  /** Plugs the other end in, for good; closes it where this one is closed already. */
  async join(link: FrameLink): Promise<void> {
    if (this.#closed) return await link.close()
    this.#link = link
    if (this.#events === null) return
    link.start(this.#events)
    this.#events.writable()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#link?.close()
  }
}
