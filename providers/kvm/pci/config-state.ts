/**
 * The configuration of all functions on bus 0, in memory that the threads of vCPUs and of devices share, so
 * that a vCPU reads it by itself. Only the thread of the devices changes a function's bytes; the address
 * belongs to the vCPU that holds the lock.
 */
export interface ConfigState {
  /** A lock and CONFIG_ADDRESS; see `configCell`. */
  readonly cells: Int32Array
  readonly functions: readonly FunctionBytes[]
}

export const configCell = { lock: 0, address: 1 } as const

/** 256 bytes each. */
export interface FunctionBytes {
  /** What is read. All ones where there is no function. */
  readonly values: Buffer
  /** The bits that software may change. */
  readonly writable: Buffer
  /** 1 where an access does more than to read or write a byte: only the function itself can answer. */
  readonly live: Buffer
}

/** Devices on a bus; each has function 0 alone (PCI 3.0, §3.2.2.3.2). */
export const deviceCount = 32
export const configSize = 256
const headerBytes = 8
const functionBytes = 3 * configSize

/** A bus without functions. */
export function createConfigState(): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(headerBytes + deviceCount * functionBytes)
  for (const { values } of openConfigState(shared).functions) values.fill(0xff)
  return shared
}

export function openConfigState(shared: SharedArrayBuffer): ConfigState {
  const functions = Array.from({ length: deviceCount }, (_, device) =>
    functionBytesOf(shared, headerBytes + device * functionBytes),
  )
  return { cells: new Int32Array(shared, 0, headerBytes / 4), functions }
}

/** Bytes of a function that is on no bus yet. */
export function createFunctionBytes(): FunctionBytes {
  return functionBytesOf(new ArrayBuffer(functionBytes), 0)
}

function functionBytesOf(buffer: ArrayBuffer | SharedArrayBuffer, offset: number): FunctionBytes {
  const part = (index: number) => Buffer.from(buffer, offset + index * configSize, configSize)
  return { values: part(0), writable: part(1), live: part(2) }
}

/**
 * The register that a configuration address means for an access of `width` bytes at `byte` of CONFIG_DATA; -1 where that
 * is none of function 0 of a device of this bus.
 */
export function registerOf(address: number, byte: number, width: number): number {
  // Enable 31, bus 23:16, device 15:11, function 10:8, register 7:2.
  const elsewhere = address >>> 31 === 0 || ((address >>> 16) & 0xff) !== 0 || ((address >>> 8) & 7) !== 0
  return elsewhere || byte + width > 4 ? -1 : (address & 0xfc) + byte
}

/** The device that a configuration address means. */
export const deviceOf = (address: number) => (address >>> 11) & 31
