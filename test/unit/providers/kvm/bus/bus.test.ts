import { describe, expect, it, vi } from 'vitest'
import { createBus } from '../../../../../providers/kvm/bus/bus.ts'

const device = () => ({ read: vi.fn((_: number, data: Uint8Array) => data.fill(7)), write: vi.fn() })

describe('bus', () => {
  it('routes by address, offset from the claimed start, and releases', () => {
    const bus = createBus(2 ** 16)
    const [a, b] = [device(), device()]
    expect(bus.claim(0x100, 8, a)).not.toBeNull()
    const release = bus.claim(0x108, 4, b)
    const data = new Uint8Array(2)
    bus.read(0x106, data)
    expect(a.read).toHaveBeenCalledWith(6, data)
    expect([...data]).toEqual([7, 7])
    bus.write(0x10b, data.subarray(1))
    expect(b.write).toHaveBeenCalledWith(3, data.subarray(1))
    release?.()
    release?.()
    bus.write(0x108, data)
    expect(b.write).toHaveBeenCalledTimes(1)
    bus.read(0x108, data)
    expect([...data]).toEqual([0xff, 0xff])
    expect(bus.claim(0x108, 4, b)).not.toBeNull()
  })

  it('marks claimed addresses for other threads', () => {
    const marks = new Uint8Array(16)
    const bus = createBus(16, marks)
    const release = bus.claim(4, 3, device())
    bus.claim(7, 1, device())
    expect([...marks]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    release?.()
    bus.claim(5, 1, device())
    release?.()
    expect([...marks]).toEqual([0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
  })

  it('gives an access across two devices to neither', () => {
    const bus = createBus(2 ** 16)
    const [a, b] = [device(), device()]
    bus.claim(0x100, 8, a)
    bus.claim(0x108, 8, b)
    const data = new Uint8Array(4)
    bus.read(0x106, data)
    bus.write(0x106, data)
    expect([...data]).toEqual([0xff, 0xff, 0xff, 0xff])
    expect([...a.read.mock.calls, ...a.write.mock.calls, ...b.write.mock.calls]).toEqual([])
  })

  it.each([
    [0x100, 8],
    [0x0ff, 2],
    [0x107, 1],
    [0x080, 0x100],
    [0x104, 2],
    [0x10000 - 4, 5],
    [-1, 2],
    [0x200, 0],
    [0.5, 1],
    [Number.NaN, 1],
  ])('refuses a claim of %d for %d, which overlaps or leaves the space', (base, size) => {
    const bus = createBus(2 ** 16)
    bus.claim(0x100, 8, device())
    expect(bus.claim(base, size, device())).toBeNull()
  })
})
