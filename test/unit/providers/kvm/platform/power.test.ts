import { describe, expect, it } from 'vitest'
import { createKeyboardController } from '../../../../../providers/kvm/platform/keyboard-controller.ts'
import { createPowerPort, type PowerRequest } from '../../../../../providers/kvm/platform/power-port.ts'

describe('power port and keyboard controller', () => {
  it('act on exactly the values that ACPI and the PC define, for accesses of any width', () => {
    const heard: [string, PowerRequest][] = []
    const devices = {
      power: createPowerPort((request) => heard.push(['power', request])),
      keyboard: createKeyboardController((request) => heard.push(['keyboard', request])),
    }
    const said: [string, number][] = []
    for (const [name, device] of Object.entries(devices)) {
      for (const width of [1, 2, 4]) {
        for (let value = 0; value < 256; value++) {
          const before = heard.length
          const data = new Uint8Array(width)
          data[0] = value
          device.write(0, data)
          if (heard.length > before) said.push([name, value])
          device.read(0, data)
          expect([...data]).toEqual(Array(width).fill(0))
        }
      }
    }
    const once = [
      ['power', 1],
      ['power', 0x34],
    ]
    expect(said).toEqual([...once, ...once, ...once, ...Array(3).fill(['keyboard', 0xfe])])
    expect(heard.map(([, request]) => request)).toEqual([
      ...Array(3).fill(['reset', 'off']).flat(),
      ...Array(3).fill('reset'),
    ])
    devices.power.write(1, new Uint8Array([1]))
    expect(heard).toHaveLength(9)
  })
})
