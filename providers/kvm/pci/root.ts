import type { Bus, BusDevice } from '../bus/device.ts'
import { ConfigSpace } from './config-space.ts'

/** Ports of configuration mechanism #1: CONFIG_ADDRESS and CONFIG_DATA (PCI 3.0, §3.2.2.3.2). */
export const configPorts = { base: 0xcf8, size: 8 } as const

/** A function on bus 0. */
export interface PciFunction {
  /** Bytes of memory its BAR 0 asks for, a power of two; 0 for none. */
  readonly barSize: number
  /** Puts BAR 0 at an address, before the guest runs, so that it finds every device assigned. */
  assignBar(address: number): void
  readConfig(offset: number, data: Uint8Array): void
  writeConfig(offset: number, data: Uint8Array): void
}

export interface PciRootOptions {
  readonly ports: Bus
  /** Memory addresses for BARs; the host bridge's _CRS must name the same window. */
  readonly window: { readonly base: number; readonly size: number }
}

/**
 * Bus 0 with a host bridge at device 0 and up to 31 functions, reached through ports CF8 and CFC. No INTx
 * is wired: every function interrupts by MSI-X alone.
 */
export class PciRoot implements BusDevice {
  readonly #functions: PciFunction[] = [new HostBridge()]
  readonly #windowEnd: number
  #nextBar: number
  #address = 0

  constructor(options: PciRootOptions) {
    this.#nextBar = options.window.base
    this.#windowEnd = options.window.base + options.window.size
    if (options.ports.claim(configPorts.base, configPorts.size, this) === null) {
      throw new Error('ports 0xcf8 to 0xcff are taken')
    }
  }

  /** Plugs a function in; returns its device number. */
  add(fn: PciFunction): number {
    if (this.#functions.length === 32) throw new Error('the PCI bus is full')
    if (fn.barSize > 0) {
      const base = Math.ceil(this.#nextBar / fn.barSize) * fn.barSize
      if (base + fn.barSize > this.#windowEnd) throw new Error('the window for PCI BARs is full')
      fn.assignBar(base)
      this.#nextBar = base + fn.barSize
    }
    return this.#functions.push(fn) - 1
  }

  read(offset: number, data: Uint8Array): void {
    data.fill(0xff)
    if (offset < 4) {
      if (offset === 0 && data.length === 4)
        Buffer.from(data.buffer, data.byteOffset, 4).writeUInt32LE(this.#address)
      return
    }
    const target = this.#target(offset - 4, data.length)
    target?.fn.readConfig(target.register, data)
  }

  write(offset: number, data: Uint8Array): void {
    if (offset < 4) {
      if (offset === 0 && data.length === 4) {
        this.#address = Buffer.from(data.buffer, data.byteOffset, 4).readUInt32LE() & 0x80ff_fffc
        this.#address >>>= 0
      }
      return
    }
    const target = this.#target(offset - 4, data.length)
    target?.fn.writeConfig(target.register, data)
  }

  /** CONFIG_ADDRESS: enable 31, bus 23:16, device 15:11, function 10:8, register 7:2. */
  #target(byte: number, width: number): { fn: PciFunction; register: number } | null {
    const address = this.#address
    const enabled = address >= 0x8000_0000
    if (!enabled || ((address >>> 16) & 0xff) !== 0 || ((address >>> 8) & 7) !== 0 || byte + width > 4)
      return null
    const fn = this.#functions[(address >>> 11) & 31]
    return fn === undefined ? null : { fn, register: (address & 0xfc) + byte }
  }
}

/** Class 0x0600 is what Linux looks for before it trusts mechanism #1; the ids are Red Hat's generic bridge. */
class HostBridge implements PciFunction {
  readonly barSize = 0
  readonly #config = new ConfigSpace({ vendor: 0x1b36, device: 0x0008, classCode: 0x060000 })

  assignBar(): void {
    throw new Error('the host bridge has no BAR')
  }
  readConfig(offset: number, data: Uint8Array): void {
    this.#config.read(offset, data)
  }
  writeConfig(offset: number, data: Uint8Array): void {
    this.#config.write(offset, data)
  }
}
