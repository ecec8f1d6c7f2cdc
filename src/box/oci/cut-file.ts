import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

/** Part of a file, in bytes. */
export interface Extent {
  offset: number
  length: number
}

/** Bytes: chunks begin and end at whole steps, which is where qcow2 keeps its clusters; the last may be shorter. */
export const cutStep = 64 * 1024
const shortest = 2 * 2 ** 20
/** What may be read is longer than what is cut. */
export const longestChunk = 32 * 2 ** 20
const longestCut = 8 * 2 ** 20
/**
 * One step in so many ends a chunk, so that chunks have some 4 MiB: few enough to ask for, and the processor's
 * caches hold them.
 */
const oneIn = 32
/** Zeros of this length and more belong to no chunk. */
const gap = 2 ** 20

/**
 * Cuts a file into the chunks that it is stored as; what lies between them is zeros. A chunk ends behind
 * a step whose content says so (its SHA-256 begins with five bits of zero) and not at fixed
 * places: clusters put in or taken out in one part of an image change the chunks there, and those behind
 * are found to be the same.
 */
export async function cutFile(path: string): Promise<Extent[]> {
  const file = await open(path, 'r')
  const cutter = new Cutter()
  try {
    const buffer = Buffer.allocUnsafeSlow(16 * cutStep)
    for (let offset = 0; ; ) {
      const length = await fill(file, buffer, offset)
      for (let at = 0; at < length; at += cutStep)
        cutter.take(buffer.subarray(at, Math.min(at + cutStep, length)))
      offset += length
      if (length < buffer.length) return cutter.end()
    }
  } finally {
    await file.close()
  }
}

async function fill(file: Awaited<ReturnType<typeof open>>, buffer: Buffer, offset: number): Promise<number> {
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, offset + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}

const zeros = Buffer.alloc(cutStep)

/** Takes a file step by step. */
export class Cutter {
  readonly #extents: Extent[] = []
  /** Where the chunk in progress begins, how long it is, and how many zeros came behind it. */
  #start = 0
  #length = 0
  #zeros = 0

  take(step: Uint8Array): void {
    if (Buffer.compare(step, zeros.subarray(0, step.length)) === 0) {
      this.#zeros += step.length
      if (this.#zeros === gap) this.#cut()
      return
    }
    if (this.#length === 0) {
      this.#start += this.#zeros
      this.#zeros = 0
    }
    this.#length += this.#zeros + step.length
    this.#zeros = 0
    const says = () => (createHash('sha256').update(step).digest()[0] ?? 0) % oneIn === 0
    if (this.#length > longestCut - gap || (this.#length >= shortest && says())) this.#cut()
  }

  end(): Extent[] {
    this.#cut()
    return this.#extents
  }

  #cut(): void {
    if (this.#length > 0) this.#extents.push({ offset: this.#start, length: this.#length })
    this.#start += this.#length
    this.#length = 0
  }
}
