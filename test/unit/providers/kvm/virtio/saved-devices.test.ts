import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { openDisk } from '../../../../../providers/kvm/disk/open-disk.ts'
import { createOverlay } from '../../../../../providers/kvm/disk/qcow2/create.ts'
import type { FrameEvents, FrameLink } from '../../../../../providers/kvm/net/frame-link.ts'
import { StateReader, StateWriter } from '../../../../../providers/kvm/snapshot/fields.ts'
import type { VirtioDevice } from '../../../../../providers/kvm/virtio/device/virtio-device.ts'
import { BalloonDevice } from '../../../../../providers/kvm/virtio/devices/balloon/device.ts'
import { BlkDevice } from '../../../../../providers/kvm/virtio/devices/blk/device.ts'
import { ConsoleDevice } from '../../../../../providers/kvm/virtio/devices/console/device.ts'
import { UnixPort } from '../../../../../providers/kvm/virtio/devices/console/unix-port.ts'
import { NetDevice } from '../../../../../providers/kvm/virtio/devices/net/device.ts'
import { RngDevice } from '../../../../../providers/kvm/virtio/devices/rng/device.ts'
import { VsockDevice } from '../../../../../providers/kvm/virtio/devices/vsock/device.ts'
import { VsockHost } from '../../../../../providers/kvm/virtio/devices/vsock/host-side.ts'
import { PciDriver } from '../../../../helpers/pci-driver.ts'
import { eventually, startDevice } from '../../../../helpers/started-device.ts'
import { plugIn } from '../../../../helpers/virtio-machine.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'posada-saved-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

type Rig = Awaited<ReturnType<typeof startDevice>>

async function save(rig: Pick<Rig, 'core' | 'pci'>): Promise<Buffer> {
  await rig.core.freeze()
  const to = new StateWriter()
  rig.pci.save(to)
  return to.content
}

/** Another device takes the place of the one that was saved; the driver's rings are where they were. */
function goOn(rig: Rig, device: VirtioDevice, saved: Uint8Array) {
  const machine = plugIn(device, rig.memory)
  cleanUps.push(() => device.close())
  const from = new StateReader(saved)
  machine.pci.load(from)
  from.end()
  const driver = new PciDriver(machine)
  driver.probe()
  return { ...machine, driver, queue: rig.queue, get: rig.get, put: rig.put }
}

async function started(device: VirtioDevice): Promise<Rig> {
  const rig = await startDevice(device)
  cleanUps.push(() => rig.stop())
  return rig
}

const vectors = (rig: Pick<Rig, 'msi'>) => rig.msi.delivered.splice(0).map(({ data }) => data)

it('a device has its queues again, looks at each once, and tells the driver to look', async () => {
  const rig = await started(new RngDevice())
  const ask = () => rig.queue(0).submit([{ at: 0x9000, length: 64, write: true }])
  for (let asked = 0; asked < 20; asked += 1) {
    ask()
    rig.driver.kick(0)
  }
  expect(rig.queue(0).takeUsed()).toHaveLength(20)
  const saved = await save(rig)
  // It is saved: what the driver asks of it now waits.
  ask()
  rig.driver.kick(0)
  expect(rig.queue(0).takeUsed()).toEqual([])
  const next = goOn(rig, new RngDevice(), saved)
  next.driver.kick(0)
  expect(next.queue(0).takeUsed()).toEqual([])
  expect(vectors(next)).toEqual([])
  next.core.thaw()
  expect(next.queue(0).takeUsed()).toEqual([{ head: 4, written: 64 }])
  expect(new Set(vectors(next))).toEqual(new Set([0x40, 0x41]))
  ask()
  next.driver.kick(0)
  expect(next.queue(0).takeUsed()).toHaveLength(1)
  expect(next.faults).toEqual([])
})

it('a device that was saved goes on itself, too', async () => {
  const rig = await started(new RngDevice())
  await save(rig)
  rig.queue(0).submit([{ at: 0x9000, length: 64, write: true }])
  rig.core.thaw()
  expect(rig.queue(0).takeUsed()).toHaveLength(1)
})

it('a masked interrupt is delivered where the driver unmasks it afterwards', async () => {
  const rig = await started(new RngDevice())
  const msix = rig.driver.capabilities.get(0x11) ?? 0
  rig.driver.writeConfig(msix + 2, 2, 0xc000)
  rig.queue(0).submit([{ at: 0x9000, length: 64, write: true }])
  rig.driver.kick(0)
  const next = goOn(rig, new RngDevice(), await save(rig))
  expect(vectors(next)).toEqual([])
  next.driver.writeConfig(msix + 2, 2, 0x8000)
  expect(vectors(next)).toEqual([0x41])
})

it('a device that no driver has started, and one whose driver broke a rule, stay so', async () => {
  const fresh = plugIn(new RngDevice())
  const saved = await save(fresh)
  const next = plugIn(new RngDevice())
  next.pci.load(new StateReader(saved))
  expect(next.core.status).toBe(0)

  const rig = await started(new RngDevice())
  rig.queue(0).offer(99)
  rig.driver.kick(0)
  expect(rig.faults).toHaveLength(1)
  const broken = goOn(rig, new RngDevice(), await save(rig))
  broken.core.thaw()
  expect(broken.driver.status & 64).toBe(64)
  expect(broken.faults).toEqual([])
  await broken.driver.reset()
  expect(broken.driver.status).toBe(0)
})

it('a balloon puts the buffer of statistics back, and has it again afterwards', async () => {
  const rig = await started(new BalloonDevice())
  rig.driver.setDevice(4, 4, 77)
  rig.queue(2).submit([rig.put(0x9000, Buffer.alloc(10))])
  rig.driver.kick(2)
  const device = new BalloonDevice()
  const next = goOn(rig, device, await save(rig))
  expect(device.actual).toBe(77 * 4096)
  device.requestStatistics()
  expect(next.queue(2).takeUsed()).toEqual([])
  next.core.thaw()
  device.requestStatistics()
  expect(next.queue(2).takeUsed()).toEqual([{ head: 0, written: 0 }])
})

it('a console knows which ports are open, what waits for them, and that its clients are gone', async () => {
  const make = async () => {
    const path = join(newFolder(), 'port')
    const backend = new UnixPort('org.posada.test.0', path)
    await backend.listen()
    return { device: new ConsoleDevice([backend]), path }
  }
  const { device, path } = await make()
  const rig = await started(device)
  const say = (event: number, value: number) => {
    const message = Buffer.from([1, 0, 0, 0, event, 0, value, 0])
    rig.queue(3).submit([rig.put(0x8000, message)])
    rig.driver.kick(3)
  }
  for (const [event, value] of [
    [0, 1],
    [3, 1],
    [6, 1],
  ] as const)
    say(event, value)
  const client = connect(path)
  cleanUps.push(() => client.destroy())
  client.write('shut down')
  for (let slot = 0; slot < 8; slot += 1)
    rig.queue(2).submit([{ at: 0x9000 + 64 * slot, length: 64, write: true }])
  rig.driver.kick(2)
  await eventually(() => rig.queue(2).takeUsed().length > 0)
  const waits = () => {
    const to = new StateWriter()
    device.save(to)
    return to.content.includes('shut down')
  }
  await eventually(waits)
  rig.queue(2).takeUsed()
  const { device: other, path: otherPath } = await make()
  const next = goOn(rig, other, await save(rig))
  expect(other.isOpen('org.posada.test.0')).toBe(true)
  next.queue(4).submit([{ at: 0xa000, length: 64, write: true }])
  next.core.thaw()
  expect(next.queue(4).takeUsed()).toEqual([{ head: 0, written: 9 }])
  expect(next.get(0xa000, 9).toString()).toBe('shut down')
  const [{ head, written } = { head: 0, written: 0 }] = next.queue(2).takeUsed().slice(-1)
  // port 1, closed
  expect([...next.get(0x9000 + 64 * head, written)]).toEqual([1, 0, 0, 0, 6, 0, 0, 0])

  // A client of the new one is heard, and hears.
  const second = connect(otherPath)
  cleanUps.push(() => second.destroy())
  second.write('ping')
  next.queue(4).submit([{ at: 0xb000, length: 64, write: true }])
  next.driver.kick(4)
  await eventually(() => next.get(0xb000, 4).toString() === 'ping')
  const heard: Buffer[] = []
  second.on('data', (bytes) => heard.push(bytes))
  next.queue(5).submit([next.put(0xc000, Buffer.from('pong'))])
  next.driver.kick(5)
  await eventually(() => Buffer.concat(heard).toString() === 'pong')
})

it('a guest is told once that its vsock connections are gone', async () => {
  const make = () => new VsockDevice(3, new VsockHost(join(newFolder(), 'vsock')))
  const rig = await started(make())
  const offer = () => rig.queue(2).submit([{ at: 0x9000, length: 8, write: true }])
  offer()
  rig.driver.kick(2)
  expect(rig.queue(2).takeUsed()).toEqual([])
  const next = goOn(rig, make(), await save(rig))
  next.core.thaw()
  expect(next.queue(2).takeUsed()).toEqual([{ head: 0, written: 4 }])
  offer()
  next.driver.kick(2)
  expect(next.queue(2).takeUsed()).toEqual([])
})

it('a NIC that was saved tells its new other end once where the guest is', async () => {
  const sent: Buffer[] = []
  const make = () => {
    const link: FrameLink = {
      up: true,
      start: () => undefined,
      send: (frame) => sent.push(Buffer.concat(frame)) > 0,
      resume: () => undefined,
      close: async () => undefined,
    }
    return new NetDevice({ link, mac: '52:54:00:00:00:01', mtu: 1500 })
  }
  const rig = await started(make())
  const next = goOn(rig, make(), await save(rig))
  rig.core.thaw()
  expect(sent).toEqual([])
  next.core.thaw()
  next.driver.kick(1)
  const mac = '525400000001'
  const none = '00000000'
  const arp = `0001080006040002${mac}${none}ffffffffffff${none}`
  expect(sent.map((frame) => frame.toString('hex'))).toEqual([
    `ffffffffffff${mac}0806${arp}`.padEnd(120, '0'),
  ])
})

it('frames that come for a NIC meanwhile are its backlog, and memory is left alone', async () => {
  let events: FrameEvents | null = null
  const link: FrameLink = {
    up: true,
    start: (given) => {
      events = given
    },
    send: () => true,
    resume: () => undefined,
    close: async () => undefined,
  }
  const rig = await started(new NetDevice({ link, mac: '52:54:00:00:00:01', mtu: 1500 }))
  rig.queue(0).submit([{ at: 0x9000, length: 2048, write: true }])
  await save(rig)
  const before = Buffer.from(rig.memory.snapshot())
  ;(events as FrameEvents | null)?.frame(Buffer.alloc(100, 7))
  expect(before.equals(rig.memory.snapshot())).toBe(true)
  rig.core.thaw()
  expect(rig.queue(0).takeUsed()).toEqual([{ head: 0, written: 112 }])
})

it('a disk has on the host what was written to it, and is not saved while that has no room', async () => {
  const path = join(newFolder(), 'disk')
  createOverlay(path, { size: 2 ** 20 })
  const disk = openDisk({ path, format: 'qcow2', readOnly: false })
  let full = false
  const write = disk.write.bind(disk)
  disk.write = (offset, pieces) => {
    if (full) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    write(offset, pieces)
  }
  let flushes = 0
  const flushAway = disk.flushAway.bind(disk)
  disk.flushAway = async () => {
    await flushAway()
    flushes += 1
  }
  const nothing = () => undefined
  const transferred = { read: 0, written: 0 }
  const rig = await started(
    new BlkDevice({ disk, id: 'root', transferred, onError: nothing, onNoSpace: nothing }),
  )
  const request = () => {
    const header = Buffer.alloc(16)
    header.writeUInt32LE(1)
    const status = { at: 0xb000, length: 1, write: true }
    rig.queue(0).submit([rig.put(0x8000, header), rig.put(0x9000, Buffer.alloc(512, 3)), status])
    rig.driver.kick(0)
  }
  request()
  await save(rig)
  expect(flushes).toBe(1)
  rig.core.thaw()
  full = true
  request()
  await expect(save(rig)).rejects.toMatchObject({ code: 'E_DISK_FULL' })
})

it('refuses any state that is not one, and lives through it', async () => {
  const rig = await started(new BalloonDevice())
  const saved = await save(rig)
  const change = fc.tuple(fc.nat(saved.length - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), fc.nat(8), (changes, cut) => {
      const content = Buffer.from(saved.subarray(0, saved.length - cut))
      for (const [at, value] of changes) if (at < content.length) content[at] = value
      const machine = plugIn(new BalloonDevice(), rig.memory)
      try {
        const from = new StateReader(content)
        machine.pci.load(from)
        from.end()
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_MEMORY_UNUSABLE' })
        return
      }
      machine.core.thaw()
    }),
    { numRuns: 500 },
  )
})
