/** A lock in a cell of shared memory, 0 while it is free; for moments only. */
export function lock(cells: Int32Array, index: number): void {
  while (Atomics.compareExchange(cells, index, 0, 1) !== 0) Atomics.wait(cells, index, 1)
}

export function unlock(cells: Int32Array, index: number): void {
  Atomics.store(cells, index, 0)
  Atomics.notify(cells, index, 1)
}
