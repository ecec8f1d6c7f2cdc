/** The other end of a network device's cable: whole Ethernet frames, without checksum (IEEE 802.3, §3). */
export interface FrameLink {
  /** Whether the other end is there. */
  readonly up: boolean
  /** Called once, before anything else. */
  start(events: FrameEvents): void
  /** Copies the frame out of these pieces. False: there is no room now, and nothing was taken. */
  send(frame: readonly Uint8Array[], length: number): boolean
  /** The device has room again: continue to deliver. */
  resume(): void
  close(): Promise<void>
}

export interface FrameEvents {
  /** A frame, whole until the call ends. False asks to stop until `resume`; the frame is taken either way. */
  frame(bytes: Uint8Array): boolean
  /** `up` changed. */
  changed(): void
  /** Can take frames again after `send` said false. */
  writable(): void
}

/** Bytes of an Ethernet header: nothing shorter is a frame. */
export const smallestFrame = 14
