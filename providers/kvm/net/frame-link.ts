/** The other end of a network device's cable: whole Ethernet frames, without checksum (IEEE 802.3, §3). */
export interface FrameLink {
  /** Whether the other end is there. */
  readonly up: boolean
  /** Called once, before anything else. */
  start(events: FrameEvents): void
  /** Takes a copy of the frame in these pieces; false when it takes no more for now, and has taken nothing. */
  send(frame: readonly Uint8Array[], length: number): boolean
  /** The device has room: go on delivering. */
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
