/** What a port of the console is joined to on the host. */
export interface PortBackend {
  /** `org.qemu.guest_agent.0`: how the guest finds it, under /dev/virtio-ports. */
  readonly name: string
  /** Whether a client is connected: the guest sees the port open. */
  readonly connected: boolean
  /** Called once, before anything else. */
  start(events: PortEvents): void
  /** Takes a copy of what the guest wrote. False: there is no room now, and nothing was taken. */
  write(bytes: Uint8Array): boolean
  /** The guest has room again: continue to read from the host. */
  resume(): void
  close(): Promise<void>
}

export interface PortEvents {
  /** Bytes for the guest; false asks to stop until `resume`. The bytes are taken either way. */
  data(bytes: Uint8Array): boolean
  /** `connected` changed. */
  changed(): void
  /** Can take bytes again after `write` said false. */
  writable(): void
}
