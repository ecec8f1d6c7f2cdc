/**
 * What goes over a keeper's socket, a connection a command: a byte that says what it is, the length (32 bits,
 * big-endian), then so many bytes.
 */
const kinds = {
  /** To the keeper, first: a credential. It answers `opened`, or ends the connection. */
  open: 1,
  opened: 2,
  /** Input one way, output the other. */
  data: 3,
  errorData: 4,
  /** The end of the input. */
  end: 5,
  /** To the client: so many bytes of the input were taken. */
  taken: 6,
  /** To the client: how the command ended, as JSON. */
  exit: 7,
} as const

export type FrameKind = keyof typeof kinds

export interface Frame {
  kind: FrameKind
  bytes: Buffer
}

const header = 5
/** Bytes of one frame; more is nothing of ours. */
export const longestFrame = 256 * 1024
const names = new Map(Object.entries(kinds).map(([name, number]) => [number as number, name as FrameKind]))

export function encodeFrame(kind: FrameKind, bytes: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(header)
  head.writeUInt8(kinds[kind])
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** Bytes to frames. */
export class FrameDecoder {
  #rest: Buffer = Buffer.alloc(0)

  /** @throws RangeError for bytes that are not frames */
  push(bytes: Buffer): Frame[] {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const frames: Frame[] = []
    while (rest.length >= header) {
      const kind = names.get(rest.readUInt8())
      const length = rest.readUInt32BE(1)
      if (kind === undefined || length > longestFrame) throw new RangeError('not a frame')
      if (rest.length < header + length) break
      frames.push({ kind, bytes: rest.subarray(header, header + length) })
      rest = rest.subarray(header + length)
    }
    this.#rest = rest
    return frames
  }
}
