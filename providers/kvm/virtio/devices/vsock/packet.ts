/** Addresses of the two ends (virtio 1.2, §5.10.4): the host's is fixed, the guest's is ours to choose. */
export const hostCid = 2

/** Operations (§5.10.6). */
export const vsockOp = {
  request: 1,
  response: 2,
  reset: 3,
  shutdown: 4,
  data: 5,
  creditUpdate: 6,
  creditRequest: 7,
} as const

/** Flags of `shutdown`: the sender will not receive, or not send, any longer (§5.10.6.5). */
export const shutdownFlags = { receive: 1, send: 2 } as const

/** Only streams are offered (§5.10.3). */
export const streamType = 1

export const vsockHeaderBytes = 44

/** struct virtio_vsock_hdr without the addresses, which never vary. Ports are 32 bits wide. */
export interface VsockHeader {
  readonly sourceCid: number
  readonly destinationCid: number
  readonly sourcePort: number
  readonly destinationPort: number
  /** Bytes of data behind the header. */
  readonly length: number
  readonly type: number
  readonly op: number
  readonly flags: number
  /** The sender's room for data, and how much of what it got it has passed on, modulo 2^32. */
  readonly bufAlloc: number
  readonly fwdCnt: number
}

/** Reads a header; `bytes` holds at least 44. CIDs over 2^53 come out inexact and match none. */
export function decodeHeader(bytes: Uint8Array): VsockHeader {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, vsockHeaderBytes)
  return {
    sourceCid: view.readUInt32LE(4) * 2 ** 32 + view.readUInt32LE(0),
    destinationCid: view.readUInt32LE(12) * 2 ** 32 + view.readUInt32LE(8),
    sourcePort: view.readUInt32LE(16),
    destinationPort: view.readUInt32LE(20),
    length: view.readUInt32LE(24),
    type: view.readUInt16LE(28),
    op: view.readUInt16LE(30),
    flags: view.readUInt32LE(32),
    bufAlloc: view.readUInt32LE(36),
    fwdCnt: view.readUInt32LE(40),
  }
}

export function encodeHeader(header: VsockHeader): Buffer {
  const view = Buffer.alloc(vsockHeaderBytes)
  view.writeUInt32LE(header.sourceCid, 0)
  view.writeUInt32LE(header.destinationCid, 8)
  view.writeUInt32LE(header.sourcePort, 16)
  view.writeUInt32LE(header.destinationPort, 20)
  view.writeUInt32LE(header.length, 24)
  view.writeUInt16LE(header.type, 28)
  view.writeUInt16LE(header.op, 30)
  view.writeUInt32LE(header.flags, 32)
  view.writeUInt32LE(header.bufAlloc >>> 0, 36)
  view.writeUInt32LE(header.fwdCnt >>> 0, 40)
  return view
}
