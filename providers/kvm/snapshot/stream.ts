import { PosadaError } from '../../../src/errors/index.ts'

/** Bytes of a file that is not written by who knows them: where they belong. Their end is a run without bytes. */
export interface Run {
  offset: number
  bytes: Uint8Array
}

/** Where a run lies and how long it is, 64 bits each, before its bytes. */
const headerBytes = 16

/** What goes before the bytes of a run. */
export function encodeRunHeader({ offset, bytes }: Run): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeBigUInt64LE(BigInt(offset), 0)
  header.writeBigUInt64LE(BigInt(bytes.length), 8)
  return header
}

/**
 * Runs as they come, in ascending order and below `most`, cut where they come cut; the last has no bytes and says how long
 * the file is. What sends them may be in the hands of a guest.
 *
 * @throws PosadaError E_CONTROL where there is no last one, or they are out of order
 */
export async function* decodeRuns(source: AsyncIterable<Buffer>, most: number): AsyncGenerator<Run> {
  let begun = Buffer.alloc(0)
  let at = 0
  let left = 0
  for await (let chunk of source) {
    while (chunk.length > 0) {
      if (left > 0) {
        const bytes = chunk.subarray(0, left)
        yield { offset: at, bytes }
        at += bytes.length
        left -= bytes.length
        chunk = chunk.subarray(bytes.length)
        continue
      }
      const missing = headerBytes - begun.length
      begun = Buffer.concat([begun, chunk.subarray(0, missing)])
      chunk = chunk.subarray(missing)
      if (begun.length < headerBytes) break
      const offset = Number(begun.readBigUInt64LE(0))
      left = Number(begun.readBigUInt64LE(8))
      begun = Buffer.alloc(0)
      if (offset < at || offset + left > most) throw broken('what it sends is out of order')
      at = offset
      if (left === 0) {
        yield { offset, bytes: new Uint8Array() }
        return
      }
    }
  }
  throw broken('it broke off')
}

function broken(why: string): PosadaError {
  return new PosadaError('E_CONTROL', `the machine's memory could not be saved: ${why}`)
}
