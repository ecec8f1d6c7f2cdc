/**
 * Bytes on their way from one thread to another, in shared memory: two counters, then the bytes. One
 * thread at a time may push, one may take.
 */
export interface SharedRing {
  /** Adds a byte, waiting while there is no room; true when the taker has to be told. */
  push(byte: number): boolean
  /**
   * All there is, in order. The taker calls it until nothing comes: a byte pushed while it took the others
   * is told of by no one else.
   */
  take(): Uint8Array
}

const counters = 8

/** Bytes of shared memory for a ring of `size`, a power of two. */
export function sharedRingBytes(size: number): number {
  return counters + size
}

export function openSharedRing(shared: SharedArrayBuffer, offset: number, size: number): SharedRing {
  // Both only grow, wrapping at 2^32: how many bytes were pushed, how many taken.
  const cells = new Int32Array(shared, offset, 2)
  const bytes = new Uint8Array(shared, offset + counters, size)
  const mask = size - 1

  return {
    push(byte) {
      const pushed = Atomics.load(cells, 0)
      let taken = Atomics.load(cells, 1)
      while (((pushed - taken) | 0) >= size) {
        Atomics.wait(cells, 1, taken)
        taken = Atomics.load(cells, 1)
      }
      bytes[pushed & mask] = byte
      Atomics.store(cells, 0, (pushed + 1) | 0)
      return Atomics.load(cells, 1) === pushed
    },
    take() {
      const pushed = Atomics.load(cells, 0)
      const taken = Atomics.load(cells, 1)
      const output = new Uint8Array(Math.min((pushed - taken) >>> 0, size))
      const start = taken & mask
      const first = Math.min(output.length, size - start)
      output.set(bytes.subarray(start, start + first))
      output.set(bytes.subarray(0, output.length - first), first)
      Atomics.store(cells, 1, (taken + output.length) | 0)
      Atomics.notify(cells, 1)
      return output
    },
  }
}
