import type { Bus, BusDevice } from '../bus/device.ts'
import { pciConfigPorts } from '../memory/layout.ts'
import { dataOffset } from './config-ports.ts'
import { ConfigSpace } from './config-space.ts'
import {
  type ConfigState,
  configCell,
  deviceCount,
  deviceOf,
  openConfigState,
  registerOf,
} from './config-state.ts'

/** A function on bus 0. */
export interface PciFunction {
  readonly config: ConfigSpace
  /** Bytes of memory its BAR 0 asks for, a power of two; 0 for none. */
  readonly barSize: number
  /** Puts BAR 0 at an address, before the guest runs, so that it finds every device assigned. */
  assignBar(address: number): void
  readConfig(offset: number, data: Uint8Array): void
  writeConfig(offset: number, data: Uint8Array): void
}

export interface PciRootOptions {
  readonly ports: Bus
  /** What vCPUs read by themselves. */
  readonly state: SharedArrayBuffer
  /** Memory addresses for BARs; the host bridge's _CRS must name the same window. */
  readonly window: { readonly base: number; readonly size: number }
}

/**
 * Bus 0 with a host bridge at device 0 and up to 31 functions. What reaches it at ports CFC to CFF is what a
 * vCPU could not answer from the shared state (config-ports.ts). No INTx is wired: every function interrupts by
 * MSI-X alone.
 */
export class PciRoot implements BusDevice {
  readonly #functions: PciFunction[] = []
  readonly #state: ConfigState
  readonly #windowEnd: number
  #nextBar: number

  constructor(options: PciRootOptions) {
    this.#nextBar = options.window.base
    this.#windowEnd = options.window.base + options.window.size
    if (options.ports.claim(pciConfigPorts.base, pciConfigPorts.size, this) === null) {
      throw new Error('ports 0xcf8 to 0xcff are taken')
    }
    this.#state = openConfigState(options.state)
    this.add(new HostBridge())
  }

  /** Plugs a function in; returns its device number. */
  add(fn: PciFunction): number {
    const shared = this.#state.functions[this.#functions.length]
    if (shared === undefined) throw new Error(`the PCI bus has ${deviceCount} functions, and is full`)
    if (fn.barSize > 0) {
      const base = Math.ceil(this.#nextBar / fn.barSize) * fn.barSize
      if (base + fn.barSize > this.#windowEnd) throw new Error('the window for PCI BARs is full')
      fn.assignBar(base)
      this.#nextBar = base + fn.barSize
    }
    fn.config.moveTo(shared)
    return this.#functions.push(fn) - 1
  }

  read(offset: number, data: Uint8Array): void {
    data.fill(0xff)
    const target = this.#target(offset - dataOffset, data.length)
    target?.fn.readConfig(target.register, data)
  }

  write(offset: number, data: Uint8Array): void {
    const target = this.#target(offset - dataOffset, data.length)
    target?.fn.writeConfig(target.register, data)
  }

  #target(byte: number, width: number): { fn: PciFunction; register: number } | null {
    if (byte < 0) return null
    const address = this.#state.cells[configCell.address] ?? 0
    const register = registerOf(address, byte, width)
    const fn = this.#functions[deviceOf(address)]
    return register < 0 || fn === undefined ? null : { fn, register }
  }
}

/** Class 0x0600 is what Linux looks for before it trusts mechanism #1; the ids are Red Hat's generic bridge. */
class HostBridge implements PciFunction {
  readonly barSize = 0
  readonly config = new ConfigSpace({ vendor: 0x1b36, device: 0x0008, classCode: 0x060000 })

  assignBar(): void {
    throw new Error('the host bridge has no BAR')
  }
  readConfig(offset: number, data: Uint8Array): void {
    this.config.read(offset, data)
  }
  writeConfig(offset: number, data: Uint8Array): void {
    this.config.write(offset, data)
  }
}
