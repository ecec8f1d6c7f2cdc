import type { Exit } from './run-page.ts'
import { cell, mostTraced, type SharedState, traceCells } from './shared-state.ts'

/** An exit of a vCPU while it was traced. */
export interface TracedExit {
  vcpu: number
  /** Microseconds since the trace began. */
  at: number
  kind: Exit['kind']
  /** Of accesses: what of, a port or an address, and how many bytes. */
  access?: { write: boolean; address: number; length: number }
}

const kinds = ['port', 'memory', 'halt', 'shutdown', 'system-event', 'interrupted', 'failed'] as const
/** Microseconds after which the clock of an entry begins again at 0; they fit 31 bits. */
const round = 2_000_000_000
const writes = 0x100

/** By the vCPU's thread: writes an exit down, as long as there is room; the others are counted. */
export function traceExit(cells: Int32Array, exit: Exit): void {
  const index = Atomics.load(cells, cell.traced)
  if (index < mostTraced) {
    const at = traceCells.first + traceCells.each * index
    const [write, address, length] =
      exit.kind === 'port'
        ? [exit.write, exit.port, exit.size]
        : exit.kind === 'memory'
          ? [exit.write, exit.address, exit.length]
          : [false, 0, 0]
    cells[at] = clock()
    cells[at + 1] = kinds.indexOf(exit.kind) | (write ? writes : 0) | (length << 16)
    cells[at + 2] = address | 0
    cells[at + 3] = Math.floor(address / 2 ** 32)
  }
  Atomics.store(cells, cell.traced, index + 1)
}

/** By the devices' thread: from now on the exits of a vCPU are written down. Returns what ends that and says which they were. */
export function beginTrace(
  vcpu: number,
  { cells }: SharedState,
): () => { exits: TracedExit[]; lost: number } {
  const start = clock()
  Atomics.store(cells, cell.traced, 0)
  Atomics.store(cells, cell.tracing, 1)
  return () => {
    Atomics.store(cells, cell.tracing, 0)
    const count = Atomics.load(cells, cell.traced)
    const exits = Array.from({ length: Math.min(count, mostTraced) }, (_, index): TracedExit => {
      const [time = 0, what = 0, low = 0, high = 0] = cells.subarray(
        traceCells.first + traceCells.each * index,
      )
      const kind = kinds[what & 0xff] ?? 'failed'
      const access = {
        write: (what & writes) !== 0,
        address: high * 2 ** 32 + (low >>> 0),
        length: what >> 16,
      }
      const at = (time - start + round) % round
      return { vcpu, at, kind, ...(kind === 'port' || kind === 'memory' ? { access } : {}) }
    })
    return { exits, lost: count - exits.length }
  }
}

/** The same for all threads. */
function clock(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return (seconds % (round / 1_000_000)) * 1_000_000 + Math.floor(nanoseconds / 1000)
}
