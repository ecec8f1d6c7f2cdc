/** Control events of a multiport console (virtio 1.2, §5.3.6.2). */
export const consoleEvent = {
  deviceReady: 0,
  portAdd: 1,
  portReady: 3,
  consolePort: 4,
  portOpen: 6,
  portName: 7,
} as const

export interface ControlMessage {
  readonly port: number
  readonly event: number
  readonly value: number
  /** Follows the message for `portName`. */
  readonly name?: string
}

const messageBytes = 8

/** struct virtio_console_control: 32-bit port, 16-bit event, 16-bit value. */
export function encodeControl({ port, event, value, name }: ControlMessage): Buffer {
  const bytes = Buffer.alloc(messageBytes + Buffer.byteLength(name ?? ''))
  bytes.writeUInt32LE(port, 0)
  bytes.writeUInt16LE(event, 4)
  bytes.writeUInt16LE(value, 6)
  bytes.write(name ?? '', messageBytes)
  return bytes
}

/** Null when it is shorter than a message. */
export function decodeControl(bytes: Uint8Array): ControlMessage | null {
  if (bytes.length < messageBytes) return null
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return { port: view.readUInt32LE(0), event: view.readUInt16LE(4), value: view.readUInt16LE(6) }
}
