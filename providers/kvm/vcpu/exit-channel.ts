import type { AddressBus } from '../bus/bus.ts'
import { signalEvent } from '../ffi/libc.ts'
import { access, cell, request, type SharedState } from './shared-state.ts'

/**
 * The vCPU's end: hands an access to the thread of the devices and waits for the answer. `bell` is the
 * eventfd that wakes that thread.
 */
export function requestAccess(
  { cells, data: shared }: SharedState,
  bell: number,
  kind: number,
  addressLow: number,
  addressHigh: number,
  data: Uint8Array,
): void {
  cells[cell.kind] = kind
  cells[cell.addressLow] = addressLow
  cells[cell.addressHigh] = addressHigh
  cells[cell.length] = data.length
  shared.set(data)
  Atomics.store(cells, cell.request, request.pending)
  signalEvent(bell)
  while (Atomics.load(cells, cell.request) === request.pending) {
    Atomics.wait(cells, cell.request, request.pending)
  }
  if (kind === access.portRead || kind === access.memoryRead) data.set(shared.subarray(0, data.length))
}

/** The devices' end: answers the access that waits in `shared`, if one does. */
export function answerAccess(
  { cells, data: shared }: SharedState,
  ports: AddressBus,
  memory: AddressBus,
): void {
  if (Atomics.load(cells, cell.request) !== request.pending) return
  const low = (cells[cell.addressLow] ?? 0) >>> 0
  const high = (cells[cell.addressHigh] ?? 0) >>> 0
  // The buses end below 2^52; an address beyond is on neither, and need not be exact.
  const address = high * 2 ** 32 + low
  const data = shared.subarray(0, cells[cell.length])
  switch (cells[cell.kind]) {
    case access.portRead:
      ports.read(address, data)
      break
    case access.portWrite:
      ports.write(address, data)
      break
    case access.memoryRead:
      memory.read(address, data)
      break
    case access.memoryWrite:
      memory.write(address, data)
      break
  }
  Atomics.store(cells, cell.request, request.none)
  Atomics.notify(cells, cell.request)
}
