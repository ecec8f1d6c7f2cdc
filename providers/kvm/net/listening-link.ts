import { rm } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import type { FrameEvents, FrameLink } from './frame-link.ts'
import { closeServer, listenAt } from './listen-at.ts'
import { StreamLink } from './stream-link.ts'

/**
 * A NIC's end of a cable to a switch (SwitchNic): listens at a path, and is joined to whoever connected
 * last, once `listen` has resolved. The guest sees its cable plugged in all the time; without a peer its frames are lost.
 */
export class ListeningLink implements FrameLink {
  readonly up = true
  readonly #path: string
  #server: Server | null = null
  #peer: StreamLink | null = null
  #events: FrameEvents | null = null

  constructor(path: string) {
    this.#path = path
  }

  /** Over whatever was left at the path. */
  async listen(): Promise<void> {
    await rm(this.#path, { force: true })
    this.#server = await listenAt(this.#path, {}, (socket) => void this.#join(socket))
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
    const closed = closeServer(this.#server)
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
