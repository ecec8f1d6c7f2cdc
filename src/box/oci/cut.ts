import { createHash } from 'node:crypto'

/** Bytes: pieces are cut at whole steps only, which is where qcow2 keeps its clusters. */
export const cutStep = 64 * 1024
export const shortestChunk = 8 * 2 ** 20
export const longestChunk = 32 * 2 ** 20
/** One step in so many ends a chunk, so chunks have 16 MiB on average. */
const oneIn = 128

/**
 * Decides where a file is cut into chunks. A chunk ends behind a step whose content says so (its SHA-256
 * begins with seven bits of zero), not at fixed places, so that clusters put in or taken out in one
 * place of an image change the chunks there and leave those behind them as they were.
 */
export class Cutter {
  #length = 0

  /** Takes the next step of the file, the last one may be short; true where a chunk ends behind it. */
  endsBehind(step: Uint8Array): boolean {
    this.#length += step.length
    const ends =
      this.#length >= longestChunk ||
      (this.#length >= shortestChunk && (createHash('sha256').update(step).digest()[0] ?? 0) % oneIn === 0)
    if (ends) this.#length = 0
    return ends
  }
}
