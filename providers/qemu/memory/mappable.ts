import type { FileHandle } from 'node:fs/promises'
import { writeAll } from '../../../src/lib/files/write-all.ts'
import { pageSize, type Sorted, sortStream } from './ram-stream.ts'
import { StreamEnd, StreamWindow } from './stream-window.ts'

/** Where the main memory begins in a file that is mapped; before it is the stream with all else. On a boundary of huge pages. */
export const memoryStart = 64 * 1024 * 1024

/**
 * Makes of a migration stream one without the machine's main memory, of `size` bytes, and behind that this memory, as it
 * is mapped. Pages of zeros are holes. Returns the memory's name in QEMU; null where the stream is not as it is known to be.
 */
export async function makeMappable(from: FileHandle, to: FileHandle, size: number): Promise<string | null> {
  const sorted = new Sorting(to, size)
  const window = new StreamWindow(from, (await from.stat()).size, () => sorted.write())
  try {
    const name = await sortStream(window, size, sorted)
    await sorted.write()
    const isKept = name !== null && (await copyRanges(from, to, sorted.rest))
    await to.truncate(memoryStart + size)
    return isKept ? name : null
  } catch (error) {
    if (error instanceof StreamEnd) return null
    throw error
  }
}

class Sorting implements Sorted {
  readonly rest: [start: number, end: number][] = []
  readonly #file: FileHandle
  readonly #written: Uint8Array
  #runs: { place: number; end: number; pages: Buffer[] }[] = []

  constructor(file: FileHandle, size: number) {
    this.#file = file
    this.#written = new Uint8Array(size / pageSize)
  }

  page(place: number, bytes: Buffer): void {
    this.#written[place / pageSize] = 1
    const run = this.#runs.at(-1)
    if (run?.end === place) {
      run.pages.push(bytes)
      run.end += pageSize
    } else this.#runs.push({ place, end: place + pageSize, pages: [bytes] })
  }

  /** A hole, unless it came before with something in it. */
  zero(place: number): void {
    if (this.#written[place / pageSize] === 1) this.page(place, zeros)
  }

  kept(start: number, end: number): void {
    const last = this.rest.at(-1)
    if (last?.[1] === start) last[1] = end
    else this.rest.push([start, end])
  }

  async write(): Promise<void> {
    const runs = this.#runs
    this.#runs = []
    for (const { place, pages } of runs)
      for (let at = 0; at < pages.length; at += mostParts)
        await writeAll(this.#file, pages.slice(at, at + mostParts), memoryStart + place + at * pageSize)
  }
}

/** Linux: IOV_MAX. */
const mostParts = 1024
const zeros = Buffer.alloc(pageSize)

/** One behind the other; false where they take more than there is room for. */
async function copyRanges(
  from: FileHandle,
  to: FileHandle,
  ranges: readonly [start: number, end: number][],
): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  let place = 0
  for (const [start, end] of ranges) {
    if (place + end - start > memoryStart) return false
    for (let at = start; at < end; ) {
      const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, end - at), at)
      if (bytesRead === 0) throw new StreamEnd()
      await writeAll(to, [buffer.subarray(0, bytesRead)], place)
      at += bytesRead
      place += bytesRead
    }
  }
  return true
}
