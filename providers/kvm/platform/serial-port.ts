import type { BusDevice } from '../bus/device.ts'
import type { StateReader, StateWriter } from '../snapshot/fields.ts'
import { lock, unlock } from './shared-lock.ts'
import { openSharedRing, type SharedRing, sharedRingBytes } from './shared-ring.ts'

/**
 * A 16550A serial port (National Semiconductor PC16550D data sheet) that sends at once and whose state lies
 * in shared memory: any vCPU's thread answers an access itself, under a lock, and only the bytes sent go to
 * another thread, through a ring.
 */
export interface SerialPortHooks {
  /** The ring holds bytes after having been empty. */
  outputReady(): void
  /** Triggers the port's interrupt line. */
  interrupt(): void
}

const cell = {
  lock: 0,
  ier: 1,
  lcr: 2,
  mcr: 3,
  fcr: 4,
  scratch: 5,
  divisor: 6,
  sendIdle: 7,
  rxHead: 8,
  rxTail: 9,
} as const
const headerBytes = 64
/** The port's own FIFO (data sheet, §1.0) and the ring of bytes sent. */
const rxSize = 16
const ringSize = 32 * 1024

/** Registers, by offset; the first two are the divisor's while bit 7 of LCR is set. */
const register = { data: 0, ier: 1, iirFcr: 2, lcr: 3, mcr: 4, lsr: 5, msr: 6, scratch: 7 } as const
const LCR_DIVISOR = 0x80
const MCR_LOOP = 0x10
const IER_RECEIVED = 1
const IER_SEND_IDLE = 2

export function createSerialPortState(): SharedArrayBuffer {
  return new SharedArrayBuffer(headerBytes + rxSize + sharedRingBytes(ringSize))
}

export function openSerialPort(shared: SharedArrayBuffer, hooks: SerialPortHooks): BusDevice {
  const cells = new Int32Array(shared, 0, headerBytes / 4)
  const fifo = new Uint8Array(shared, headerBytes, rxSize)
  const output = serialOutput(shared)
  const get = (index: number) => cells[index] ?? 0

  const received = () => (get(cell.rxHead) - get(cell.rxTail)) | 0

  function receive(byte: number): void {
    if (received() >= rxSize) return
    fifo[get(cell.rxHead) & (rxSize - 1)] = byte
    cells[cell.rxHead] = get(cell.rxHead) + 1
    if (get(cell.ier) & IER_RECEIVED) hooks.interrupt()
  }

  function readRegister(offset: number): number {
    const divisor = (get(cell.lcr) & LCR_DIVISOR) !== 0
    switch (offset) {
      case register.data: {
        if (divisor) return get(cell.divisor) & 0xff
        if (received() === 0) return 0
        const byte = fifo[get(cell.rxTail) & (rxSize - 1)] ?? 0
        cells[cell.rxTail] = get(cell.rxTail) + 1
        return byte
      }
      case register.ier:
        return divisor ? (get(cell.divisor) >> 8) & 0xff : get(cell.ier)
      case register.iirFcr: {
        const fifos = get(cell.fcr) & 1 ? 0xc0 : 0
        if (get(cell.ier) & IER_RECEIVED && received() > 0) return fifos | 0x4
        if (get(cell.ier) & IER_SEND_IDLE && get(cell.sendIdle)) {
          cells[cell.sendIdle] = 0
          return fifos | 0x2
        }
        return fifos | 0x1
      }
      case register.lcr:
        return get(cell.lcr)
      case register.mcr:
        return get(cell.mcr)
      case register.lsr:
        // Sender and its register idle; data ready.
        return 0x60 | (received() > 0 ? 1 : 0)
      case register.msr: {
        // Carrier, data set ready, clear to send; in the loop the own control lines (data sheet, §8.6.7).
        const mcr = get(cell.mcr)
        if ((mcr & MCR_LOOP) === 0) return 0xb0
        return ((mcr & 2) << 3) | ((mcr & 1) << 5) | ((mcr & 4) << 4) | ((mcr & 8) << 4)
      }
      default:
        return get(cell.scratch)
    }
  }

  function writeRegister(offset: number, value: number): void {
    const divisor = (get(cell.lcr) & LCR_DIVISOR) !== 0
    switch (offset) {
      case register.data:
        if (divisor) {
          cells[cell.divisor] = (get(cell.divisor) & 0xff00) | value
          return
        }
        if (get(cell.mcr) & MCR_LOOP) receive(value)
        else if (output.push(value)) hooks.outputReady()
        cells[cell.sendIdle] = 1
        if (get(cell.ier) & IER_SEND_IDLE) hooks.interrupt()
        return
      case register.ier: {
        if (divisor) {
          cells[cell.divisor] = (get(cell.divisor) & 0xff) | (value << 8)
          return
        }
        const before = get(cell.ier)
        cells[cell.ier] = value & 0xf
        const risen = value & ~before
        if (risen & IER_SEND_IDLE) cells[cell.sendIdle] = 1
        if (risen & IER_SEND_IDLE || (risen & IER_RECEIVED && received() > 0)) hooks.interrupt()
        return
      }
      case register.iirFcr:
        cells[cell.fcr] = value
        if (value & 2) cells[cell.rxTail] = get(cell.rxHead)
        return
      case register.lcr:
        cells[cell.lcr] = value
        return
      case register.mcr:
        cells[cell.mcr] = value & 0x1f
        return
      case register.scratch:
        cells[cell.scratch] = value
        return
    }
  }

  return {
    read(offset, data) {
      lock(cells, cell.lock)
      for (let i = 0; i < data.length; i++) data[i] = offset + i < 8 ? readRegister(offset + i) : 0xff
      unlock(cells, cell.lock)
    },
    write(offset, data) {
      lock(cells, cell.lock)
      for (let i = 0; i < data.length; i++) if (offset + i < 8) writeRegister(offset + i, data[i] ?? 0)
      unlock(cells, cell.lock)
    },
  }
}

/** What the guest has sent through the port. */
export function serialOutput(shared: SharedArrayBuffer): SharedRing {
  return openSharedRing(shared, headerBytes + rxSize, ringSize)
}

/** What is known of the port but what it has sent. Only while no vCPU runs. */
export function saveSerialPort(shared: SharedArrayBuffer, to: StateWriter): void {
  to.bytes(new Uint8Array(shared, 0, headerBytes + rxSize))
}

/** By a port that no one has used. */
export function loadSerialPort(shared: SharedArrayBuffer, from: StateReader): void {
  new Uint8Array(shared).set(from.exactly(headerBytes + rxSize))
  new Int32Array(shared, 0, headerBytes / 4)[cell.lock] = 0
}

/** Puts the port into the state it has after power-on; bytes not yet taken are lost. */
export function resetSerialPort(shared: SharedArrayBuffer): void {
  new Uint8Array(shared).fill(0)
}
