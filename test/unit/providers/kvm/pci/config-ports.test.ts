import { describe, expect, it } from 'vitest'
import { pciConfigPorts } from '../../../../../providers/kvm/memory/layout.ts'
import { createConfigPorts } from '../../../../../providers/kvm/pci/config-ports.ts'
import {
  configCell,
  createConfigState,
  openConfigState,
} from '../../../../../providers/kvm/pci/config-state.ts'
import { BalloonDevice } from '../../../../../providers/kvm/virtio/devices/balloon/device.ts'
import { PciDriver } from '../../../../helpers/pci-driver.ts'
import { plugIn } from '../../../../helpers/virtio-machine.ts'

function found() {
  const machine = plugIn(new BalloonDevice())
  const driver = new PciDriver(machine)
  machine.crossings.length = 0
  return { machine, driver }
}

describe('PCI configuration ports on the thread of a vCPU', () => {
  it('answer a search for devices alone', () => {
    const { machine, driver } = found()
    expect(driver.readConfig(0, 4)).toBe(0x1045_1af4)
    for (let slot = 0; slot < 32; slot++)
      for (const register of [0, 0x0a, 0x0e, 0x34])
        new PciDriver({ ...machine, slot }).readConfig(register, register === 0 ? 4 : 2)
    expect(machine.crossings).toEqual([])
  })

  it('do not pass on a write that changes nothing', () => {
    const { machine, driver } = found()
    for (const bar of [0x14, 0x18, 0x1c, 0x20, 0x24, 0x30]) {
      driver.writeConfig(bar, 4, 0xffff_ffff)
      expect(driver.readConfig(bar, 4)).toBe(0)
    }
    driver.writeConfig(0x10, 4, driver.readConfig(0x10, 4))
    expect(machine.crossings).toEqual([])
  })

  it('bring a write that changes something to its function, and show what came of it', () => {
    const { machine, driver } = found()
    driver.writeConfig(0x10, 4, 0xffff_ffff)
    expect(driver.readConfig(0x10, 4)).toBe(0xffff_8000)
    driver.writeConfig(0x04, 2, 0x0006)
    expect(driver.readConfig(0x04, 2)).toBe(6)
    expect(machine.crossings).toEqual(['write', 'write'])
  })

  it('bring every access of the window into the registers to its function', () => {
    const { machine, driver } = found()
    driver.probe()
    const access = driver.structures.get(5)?.at ?? 0
    driver.writeConfig(access + 8, 4, 18)
    driver.writeConfig(access + 12, 4, 2)
    machine.crossings.length = 0
    const queues = driver.readConfig(access + 16, 2)
    expect(queues).toBe(new BalloonDevice().queueSizes.length)
    driver.writeConfig(access + 16, 2, queues)
    expect(machine.crossings).toEqual(['read', 'write'])
  })

  it('know only whole addresses, bus 0, function 0 and accesses within a register', () => {
    const { machine } = found()
    const { ports } = machine
    ports.write(0xcf8, 4, 0x8000_0000 + machine.slot * 0x800)
    expect(ports.read(0xcf8, 4)).toBe(0x8000_0000 + machine.slot * 0x800)
    ports.write(0xcfb, 1, 0)
    ports.write(0xcf8, 2, 0)
    expect(ports.read(0xcfe, 2)).toBe(0x1045)
    expect(ports.read(0xcff, 2)).toBe(0xffff)
    for (const address of [0, 0x8001_0000, 0x8000_0100 + machine.slot * 0x800]) {
      ports.write(0xcf8, 4, address)
      expect(ports.read(0xcfc, 4)).toBe(0xffff_ffff)
      ports.write(0xcfc, 4, 0)
    }
    expect(machine.crossings).toEqual([])
  })

  it('take addresses that KVM has kept before anything else', () => {
    const shared = createConfigState()
    const state = openConfigState(shared)
    state.functions[3]?.values.writeUInt32LE(0x1234_5678, 0)
    const kept = [0x8000_0000, 0x8000_1800]
    const ports = createConfigPorts({
      state,
      functions: { read: () => undefined, write: () => undefined },
      kept: {
        take(each) {
          for (const address of kept.splice(0)) each(pciConfigPorts.base, 4, address | 0)
        },
      },
    })
    const data = Buffer.alloc(4)
    ports.read(4, data)
    expect(data.readUInt32LE()).toBe(0x1234_5678)
  })

  it('give the bus back to other vCPUs where a function fails', () => {
    const state = openConfigState(createConfigState())
    state.functions[3]?.values.writeUInt32LE(0x1234_5678, 0)
    state.functions[3]?.live.fill(1)
    const fail = () => {
      throw new Error('no one hears the bell')
    }
    const ports = createConfigPorts({ state, functions: { read: fail, write: fail }, kept: null })
    ports.write(0, Buffer.from([0x00, 0x18, 0x00, 0x80]))
    expect(() => ports.read(4, Buffer.alloc(4))).toThrow('bell')
    expect(state.cells[configCell.lock]).toBe(0)
    expect(() => ports.write(4, Buffer.alloc(4))).toThrow('bell')
    expect(state.cells[configCell.lock]).toBe(0)
  })
})
