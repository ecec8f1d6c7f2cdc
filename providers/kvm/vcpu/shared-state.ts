/**
 * What the thread of a vCPU and the thread of the devices share: one small SharedArrayBuffer a vCPU, seen
 * as 32-bit cells. Both sides use Atomics for `command`, `obeyed`, `ended` and `request`; the other cells belong to
 * the vCPU while `request` is `none` and to the devices while it is `pending`.
 */
export const cell = {
  /** What the vCPU shall do: a value of `command`, plus 4 for each order given, so that no two are alike. */
  command: 0,
  /** The order that the vCPU has come to last. */
  obeyed: 1,
  /** 1 once it will never enter the guest again. */
  ended: 11,
  /** Whether a device access waits for an answer: a value of `request`. */
  request: 2,
  /** Kind of the access: a value of `access`. */
  kind: 3,
  addressLow: 4,
  addressHigh: 5,
  length: 6,
  /** Up to 8 bytes of data: cells 8 and 9. */
  data: 8,
  /** Messages told to its thread so far; see thread.ts. */
  told: 12,
  /** Accesses that the devices were asked to answer, wrapping. */
  forwarded: 13,
  /** 1 while exits are written down, and how many were since that began; see exit-trace.ts. */
  tracing: 14,
  traced: 15,
  /** Exits to user space so far, wrapping: a cell a reason, in the order of `exitReasons`. */
  exits: 16,
} as const

/** Why a vCPU leaves the guest, as it is counted. */
export const exitReasons = ['port', 'memory', 'halt', 'interrupted', 'other'] as const

/** Exits that are written down, behind the other cells: so many cells each. */
export const traceCells = { first: 24, each: 4 } as const
export const mostTraced = 4096

const cells = traceCells.first + traceCells.each * mostTraced

export const command = { run: 0, pause: 1, stop: 2 } as const
/** What kind of order a value of the command cell is. */
export const commandOf = (order: number) => order & 3
export const request = { none: 0, pending: 1 } as const
export const access = { portRead: 0, portWrite: 1, memoryRead: 2, memoryWrite: 3 } as const

export type Command = (typeof command)[keyof typeof command]

export interface SharedState {
  buffer: SharedArrayBuffer
  cells: Int32Array
  /** The 8 bytes of data. */
  data: Uint8Array
}

export function createSharedState(): SharedState {
  return openSharedState(new SharedArrayBuffer(cells * 4))
}

export function openSharedState(buffer: SharedArrayBuffer): SharedState {
  return { buffer, cells: new Int32Array(buffer), data: new Uint8Array(buffer, cell.data * 4, 8) }
}
