import { rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import type { FrameEvents, FrameLink } from './frame-link.ts'
import { StreamLink } from './stream-link.ts'

/**
 * A NIC's end of a cable to a switch (SwitchNic): listens at a path, and is joined to whoever connected
 * last. The guest sees its cable plugged in all the time; without a peer its frames are lost.
 */
export class ListeningLink implements FrameLink {
  readonly up = true
  readonly #server: Server
  #peer: StreamLink | null = null
  #events: FrameEvents | null = null

  private constructor() {
    this.#server = createServer((socket) => void this.#join(socket))
  }

  /** Over whatever was left at `path`. */
  static async listen(path: string): Promise<ListeningLink> {
    await rm(path, { force: true })
    const link = new ListeningLink()
    await new Promise<void>((resolve, reject) => {
      link.#server.once('error', reject)
      link.#server.listen(path, resolve)
    })
    return link
  }

  start(events: FrameEvents): void {
    this.#events = events
    this.#peer?.start(this.#forPeer(events))
  }

  send(frame: readonly Uint8Array[], length: number): boolean {
    return this.#peer?.send(frame, length) ?? true
  }

  resume(): void {
    this.#peer?.resume()
  }

  async close(): Promise<void> {
    this.#events = null
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    await this.#peer?.close()
    await closed
  }

  async #join(socket: Socket): Promise<void> {
    const before = this.#peer
    const peer: StreamLink = StreamLink.over(socket, {
      onDown: () => {
        if (this.#peer === peer) this.#peer = null
      },
    })
    this.#peer = peer
    if (this.#events !== null) peer.start(this.#forPeer(this.#events))
    await before?.close()
    this.#events?.writable()
  }

  #forPeer(events: FrameEvents): FrameEvents {
    return {
      frame: (bytes) => events.frame(bytes),
      writable: () => events.writable(),
      changed: () => undefined,
    }
  }
}
