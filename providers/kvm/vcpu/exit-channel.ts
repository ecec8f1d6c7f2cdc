import type { AddressBus } from '../bus/bus.ts'
import { signalEvent } from '../ffi/events.ts'
import { access, cell, request, type SharedState } from './shared-state.ts'

/** How the thread of the devices is called. Shared by all vCPUs of a machine. */
export interface Bell {
  /** An eventfd that wakes it. */
  fd: number
  /** One cell: 1 while it looks for accesses by itself and need not be woken. */
  watching: SharedArrayBuffer
}

/**
 * Milliseconds that a thread looks before it goes to sleep, some times what waking it again costs: accesses come in
 * bursts, as when a driver sets a device up. By the clock, for a look takes a hundred times as long before V8 has
 * compiled it, and what the guest waits for by other ways waits for the end of the looking.
 */
const patience = 0.03
/** Milliseconds of answering in one go, so that a guest that makes nothing else leaves time for other events. */
const burst = 5

/** The vCPU's end: hands an access to the thread of the devices and waits for the answer. */
export class AccessRequester {
  readonly #shared: SharedState
  readonly #fd: number
  readonly #watching: Int32Array

  constructor(shared: SharedState, bell: Bell) {
    this.#shared = shared
    this.#fd = bell.fd
    this.#watching = new Int32Array(bell.watching)
  }

  /** `data` is what is written, or is filled with what is read; at most 8 bytes. */
  request(kind: number, address: number, data: Uint8Array): void {
    const { cells, data: shared } = this.#shared
    cells[cell.kind] = kind
    cells[cell.addressLow] = address
    cells[cell.addressHigh] = address / 2 ** 32
    cells[cell.length] = data.length
    shared.set(data)
    Atomics.add(cells, cell.forwarded, 1)
    Atomics.store(cells, cell.request, request.pending)
    if (Atomics.load(this.#watching, 0) === 0) signalEvent(this.#fd)
    look(() => Atomics.load(cells, cell.request) !== request.pending)
    while (Atomics.load(cells, cell.request) === request.pending) {
      Atomics.wait(cells, cell.request, request.pending)
    }
    if (kind === access.portRead || kind === access.memoryRead) data.set(shared.subarray(0, data.length))
  }
}

/**
 * The devices' end: answers all accesses that wait, and those that follow at once. `answer` looks through the
 * vCPUs and tells whether there was any.
 */
export function answerBurst(watching: Int32Array, answer: () => boolean): void {
  Atomics.store(watching, 0, 1)
  try {
    for (const end = performance.now() + burst; performance.now() < end && look(answer); );
  } finally {
    // Also when a device throws: no vCPU rings while this is 1.
    Atomics.store(watching, 0, 0)
  }
  // A vCPU that saw the 1 did not ring: one last look.
  answer()
}

/** Looks until `seen` is true, or the patience is at its end. */
function look(seen: () => boolean): boolean {
  for (const end = performance.now() + patience; !seen(); ) if (performance.now() >= end) return false
  return true
}

/** Answers the access that waits in `shared`, also where the device throws; false when none does. */
export function answerAccess(
  { cells, data: shared }: SharedState,
  ports: AddressBus,
  memory: AddressBus,
): boolean {
  if (Atomics.load(cells, cell.request) !== request.pending) return false
  const low = (cells[cell.addressLow] ?? 0) >>> 0
  const high = (cells[cell.addressHigh] ?? 0) >>> 0
  // The buses end below 2^52; an address beyond is on neither, and need not be exact.
  const address = high * 2 ** 32 + low
  const data = shared.subarray(0, cells[cell.length])
  try {
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
  } finally {
    Atomics.store(cells, cell.request, request.none)
    Atomics.notify(cells, cell.request)
  }
  return true
}
