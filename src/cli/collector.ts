import { Writable } from 'node:stream'

const limit = 16 * 1024 * 1024

/** Keeps the first 16 MiB of what is written to it. */
export class Collector extends Writable {
  truncated = false
  private readonly pieces: Buffer[] = []
  private size = 0

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const piece = chunk.subarray(0, limit - this.size)
    if (piece.length < chunk.length) this.truncated = true
    if (piece.length > 0) this.pieces.push(piece)
    this.size += piece.length
    done()
  }

  text(): string {
    return Buffer.concat(this.pieces).toString('utf8')
  }
}
