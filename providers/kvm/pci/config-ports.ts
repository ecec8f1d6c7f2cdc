import type { BusDevice } from '../bus/device.ts'
import { lock, unlock } from '../devices/shared-lock.ts'
import { pciConfigPorts } from '../memory/layout.ts'
import { type ConfigState, configCell, decodeAddress, type FunctionBytes } from './config-state.ts'

/** Where CONFIG_DATA lies behind CONFIG_ADDRESS (PCI 3.0, §3.2.2.3.2). */
export const dataOffset = 4

/** Writes to CONFIG_ADDRESS that KVM has kept instead of leaving the guest for each. */
export interface KeptWrites {
  /** Hands over all of them, in order. */
  take(each: (port: number, data: Uint8Array) => void): void
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
 * thousand times and changes hardly anything. What changes something goes to the function.
 */
export function createConfigPorts({ state, functions, kept }: ConfigPortsOptions): BusDevice {
  const { cells } = state
  const setAddress = (offset: number, data: Uint8Array) => {
    if (offset === 0 && data.length === 4) cells[configCell.address] = little(data) & 0x80ff_fffc
  }
  const held = (work: () => void) => {
    lock(cells, configCell.lock)
    try {
      kept?.take((port, data) => setAddress(port - pciConfigPorts.base, data))
      work()
    } finally {
      unlock(cells, configCell.lock)
    }
  }

  return {
    read: (offset, data) =>
      held(() => {
        data.fill(0xff)
        const address = cells[configCell.address] ?? 0
        if (offset < dataOffset) {
          if (offset === 0 && data.length === 4) data.set(bytesOf(address))
          return
        }
        const target = decodeAddress(address, offset - dataOffset, data.length)
        const bytes = target && state.functions[target.device]
        if (target === null || !bytes) return
        const end = target.register + data.length
        if (isLive(bytes, target.register, end)) functions.read(offset, data)
        else data.set(bytes.values.subarray(target.register, end))
      }),
    write: (offset, data) =>
      held(() => {
        if (offset < dataOffset) {
          setAddress(offset, data)
          return
        }
        const target = decodeAddress(cells[configCell.address] ?? 0, offset - dataOffset, data.length)
        const bytes = target && state.functions[target.device]
        if (target === null || !bytes) return
        const end = target.register + data.length
        if (isLive(bytes, target.register, end) || changes(bytes, target.register, data))
          functions.write(offset, data)
      }),
  }
}

function isLive({ live }: FunctionBytes, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (live[at] !== 0) return true
  return false
}

function changes({ values, writable }: FunctionBytes, register: number, data: Uint8Array): boolean {
  return data.some((byte, index) => {
    const at = register + index
    return (((values[at] ?? 0) ^ byte) & (writable[at] ?? 0)) !== 0
  })
}

function little(data: Uint8Array): number {
  return Buffer.from(data.buffer, data.byteOffset, data.length).readInt32LE()
}

function bytesOf(value: number): number[] {
  return [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)
}
