import type { BusDevice } from '../bus/device.ts'
import { pciConfigPorts } from '../memory/layout.ts'
import { lock, unlock } from '../platform/shared-lock.ts'
import { type ConfigState, configCell, deviceOf, type FunctionBytes, registerOf } from './config-state.ts'

/** Where CONFIG_DATA lies behind CONFIG_ADDRESS (PCI 3.0, §3.2.2.3.2). */
export const dataOffset = 4

/** Writes to CONFIG_ADDRESS that KVM has kept instead of leaving the guest for each. */
export interface KeptWrites {
  /** Hands over all of them, in order: the first 4 bytes of what was written, little-endian. */
  take(each: (port: number, width: number, value: number) => void): void
}

export interface ConfigPortsOptions {
  readonly state: ConfigState
  /** The functions themselves, on the thread of the devices: offsets as of the ports. */
  readonly functions: BusDevice
  /** Null where KVM keeps none. */
  readonly kept: KeptWrites | null
}

/**
 * The configuration ports, answered on the thread of the vCPU that asks: a kernel that looks for devices reads a
 * thousand times and changes hardly anything. What changes something goes to the function. V8 has not compiled any of
 * this by then, so it makes no objects and calls little.
 */
export function createConfigPorts({ state, functions, kept }: ConfigPortsOptions): BusDevice {
  const { cells } = state
  const setAddress = setConfigAddress(cells)
  const currentAddress = () => {
    kept?.take(setAddress)
    return cells[configCell.address] ?? 0
  }

  // One for all accesses: each is over, and the lock given back, before the next begins.
  const access: Access = { address: 0, register: -1, bytes: undefined }

  /** Holds the lock from before it is found out which register of which function is meant. */
  const locked = (offset: number, data: Uint8Array, answer: Answer) => {
    lock(cells, configCell.lock)
    try {
      const address = currentAddress()
      const register = offset < dataOffset ? -1 : registerOf(address, offset - dataOffset, data.length)
      access.address = address
      access.register = register
      access.bytes = register < 0 ? undefined : state.functions[deviceOf(address)]
      answer(offset, data, access)
    } finally {
      unlock(cells, configCell.lock)
    }
  }
  const read: Answer = (offset, data, { address, register, bytes }) => {
    if (bytes === undefined) data.fill(0xff)
    else if (isLive(bytes, register, data.length)) functions.read(offset, data)
    else for (let i = 0; i < data.length; i++) data[i] = bytes.values[register + i] ?? 0xff
    if (offset === 0 && data.length === 4) data.set(bytesOf(address))
  }
  const write: Answer = (offset, data, { register, bytes }) => {
    if (offset === 0 && data.length === 4) setAddress(pciConfigPorts.base, 4, little(data))
    else if (bytes && (isLive(bytes, register, data.length) || changes(bytes, register, data)))
      functions.write(offset, data)
  }

  return {
    read: (offset, data) => locked(offset, data, read),
    write: (offset, data) => locked(offset, data, write),
  }
}

/** Takes a write to the ports in; the cells belong to whoever holds the lock, or to all while no vCPU runs. */
export function setConfigAddress(cells: Int32Array): (port: number, width: number, value: number) => void {
  return (port, width, value) => {
    if (port === pciConfigPorts.base && width === 4) cells[configCell.address] = value & 0x80ff_fffc
  }
}

/** Which register of which function is meant; `bytes` are the function's, undefined where none is meant. */
interface Access {
  address: number
  register: number
  bytes: FunctionBytes | undefined
}

/** Does one access. */
type Answer = (offset: number, data: Uint8Array, access: Readonly<Access>) => void

function isLive({ live }: FunctionBytes, register: number, width: number): boolean {
  for (let at = register; at < register + width; at++) if (live[at] !== 0) return true
  return false
}

function changes({ values, writable }: FunctionBytes, register: number, data: Uint8Array): boolean {
  for (let i = 0; i < data.length; i++) {
    const at = register + i
    if ((((values[at] ?? 0) ^ (data[i] ?? 0)) & (writable[at] ?? 0)) !== 0) return true
  }
  return false
}

function little(data: Uint8Array): number {
  return Buffer.from(data.buffer, data.byteOffset, data.length).readInt32LE()
}

function bytesOf(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)
}
