import { beforeEach, describe, expect, it } from 'vitest'
import type { BusDevice } from '../../../../../providers/kvm/bus/device.ts'
import {
  createSerialPortState,
  openSerialPort,
  serialOutput,
} from '../../../../../providers/kvm/platform/serial-port.ts'

let shared: SharedArrayBuffer
let port: BusDevice
let interrupts: number
let ready: number

beforeEach(() => {
  shared = createSerialPortState()
  interrupts = 0
  ready = 0
  port = openSerialPort(shared, { interrupt: () => interrupts++, outputReady: () => ready++ })
})

const read = (offset: number) => {
  const data = new Uint8Array(1)
  port.read(offset, data)
  return data[0]
}
const write = (offset: number, value: number) => port.write(offset, new Uint8Array([value]))
const taken = () => Buffer.from(serialOutput(shared).take()).toString('latin1')

describe('16550A serial port', () => {
  it('sends, telling once until the output is taken', () => {
    for (const letter of 'abc') write(0, letter.charCodeAt(0))
    expect(ready).toBe(1)
    expect(taken()).toBe('abc')
    expect(taken()).toBe('')
    write(0, 0x64)
    expect(ready).toBe(2)
  })

  it('passes what Linux checks to find a 16550A', () => {
    write(1, 0)
    expect(read(1)).toBe(0)
    write(1, 0xf)
    expect(read(1)).toBe(0xf)
    write(1, 0)
    // Loop: RTS and OUT2 come back as CTS and DCD.
    write(4, 0x10 | 0x0a)
    expect((read(6) ?? 0) & 0xf0).toBe(0x90)
    write(4, 0)
    write(2, 1)
    expect((read(2) ?? 0) >> 6).toBe(3)
    write(7, 0x5a)
    expect(read(7)).toBe(0x5a)
  })

  it('keeps the divisor apart from data and interrupt enable', () => {
    write(3, 0x83)
    write(0, 0x01)
    write(1, 0x02)
    expect([read(0), read(1)]).toEqual([1, 2])
    write(3, 0x03)
    expect([read(0), read(1), taken()]).toEqual([0, 0, ''])
  })

  it('interrupts when the sender is idle: on enabling, and after each byte', () => {
    write(1, 2)
    expect(interrupts).toBe(1)
    expect(read(2)).toBe(0x2)
    expect(read(2)).toBe(0x1)
    write(0, 0x41)
    expect(interrupts).toBe(2)
    expect(read(2)).toBe(0x2)
    // Linux asks again by switching it off and on.
    write(1, 0)
    write(1, 2)
    expect(interrupts).toBe(3)
  })

  it('gives back what it sends in the loop, 16 bytes at most', () => {
    write(1, 1)
    write(4, 0x10)
    for (let i = 0; i < 20; i++) write(0, i)
    expect(interrupts).toBe(16)
    expect(read(2)).toBe(0x4)
    expect((read(5) ?? 0) & 1).toBe(1)
    const bytes = Array.from({ length: 16 }, () => read(0))
    expect(bytes).toEqual(Array.from({ length: 16 }, (_, i) => i))
    expect((read(5) ?? 0) & 1).toBe(0)
    expect(taken()).toBe('')
  })

  it('answers accesses of any width and place', () => {
    const data = new Uint8Array(8)
    port.read(5, data)
    expect([...data]).toEqual([0x60, 0xb0, 0, 0xff, 0xff, 0xff, 0xff, 0xff])
    port.write(0, new Uint8Array([0x41, 0, 0, 0, 0, 0, 0, 0]))
    expect(taken()).toBe('A')
  })

  it('loses nothing when the ring wraps', () => {
    let sent = 0
    let back = ''
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 20_000; i++) write(0, sent++ % 251)
      back += taken()
    }
    expect(back).toHaveLength(100_000)
    expect([...back].every((letter, i) => letter.charCodeAt(0) === i % 251)).toBe(true)
  })
})
