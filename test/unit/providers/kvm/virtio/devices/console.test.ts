import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { ConsoleDevice } from '../../../../../../providers/kvm/virtio/devices/console/device.ts'
import { UnixPort } from '../../../../../../providers/kvm/virtio/devices/console/unix-port.ts'
import { eventually, startDevice } from '../../../../../helpers/started-device.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A console with one named port; its driver has done as Linux does up to opening the port. */
async function rigUp(options: { opened?: boolean } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'posada-console-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'agent.sock')
  const backend = new UnixPort('org.posada.test.0', path)
  await backend.listen()
  const device = new ConsoleDevice([backend])
  const rig = await startDevice(device)
  cleanUps.push(() => rig.stop())
  for (let slot = 0; slot < 8; slot += 1)
    rig.queue(2).submit([{ at: 0x9000 + 64 * slot, length: 64, write: true }])
  const heard: { port: number; event: number; value: number; name: string }[] = []
  const listen = () => {
    for (const { head, written } of rig.queue(2).takeUsed()) {
      const bytes = rig.get(0x9000 + 64 * head, written)
      heard.push({
        port: bytes.readUInt32LE(0),
        event: bytes.readUInt16LE(4),
        value: bytes.readUInt16LE(6),
        name: bytes.toString('utf8', 8),
      })
    }
    return heard
  }
  const say = (port: number, event: number, value: number) => {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(port, 0)
    bytes.writeUInt16LE(event, 4)
    bytes.writeUInt16LE(value, 6)
    rig.queue(3).submit([rig.put(0x8000, bytes)])
    rig.driver.kick(3)
  }
  const dial = (): Socket => {
    const socket = connect(path)
    cleanUps.push(() => socket.destroy())
    return socket
  }
  if (options.opened) {
    say(0xffff_ffff, 0, 1)
    say(1, 3, 1)
    say(1, 6, 1)
  }
  return { ...rig, device, heard, listen, say, dial }
}

it('a port is added, named, and shown open while a client is connected', async () => {
  const { say, listen, dial, driver } = await rigUp()
  expect(driver.device(4, 4)).toBe(2)
  say(0xffff_ffff, 0, 1)
  expect(listen()).toEqual([{ port: 1, event: 1, value: 1, name: '' }])
  say(1, 3, 1)
  expect(listen()[1]).toEqual({ port: 1, event: 7, value: 1, name: 'org.posada.test.0' })
  const socket = dial()
  await eventually(() => listen().length === 3)
  expect(listen()[2]).toEqual({ port: 1, event: 6, value: 1, name: '' })
  socket.destroy()
  await eventually(() => listen().length === 4)
  expect(listen()[3]).toEqual({ port: 1, event: 6, value: 0, name: '' })
})

it('knows whether a program of the guest has a port open, as a guest agent does', async () => {
  const { say, device, driver } = await rigUp()
  const open = () => device.isOpen('org.posada.test.0')
  expect(open()).toBe(false)
  say(0xffff_ffff, 0, 1)
  say(1, 3, 1)
  expect(open()).toBe(false)
  say(1, 6, 1)
  expect([open(), device.isOpen('org.qemu.guest_agent.0')]).toEqual([true, false])
  say(1, 6, 0)
  expect(open()).toBe(false)
  say(1, 6, 1)
  await driver.reset()
  expect(open()).toBe(false)
})

it('bytes cross in both directions, and those of the guest wait for a client', async () => {
  const { queue, put, get, driver, dial } = await rigUp({ opened: true })
  queue(5).submit([put(0xa000, Buffer.from('ready\n'))])
  driver.kick(5)
  expect(queue(5).takeUsed()).toEqual([])
  let got = ''
  const socket = dial().on('data', (bytes) => {
    got += bytes
  })
  await eventually(() => got === 'ready\n')
  expect(queue(5).takeUsed()).toHaveLength(1)

  socket.write('0123456789')
  queue(4).submit([{ at: 0xb000, length: 4, write: true }])
  driver.kick(4)
  await eventually(() => queue(4).usedIndex === 1)
  queue(4).submit([
    { at: 0xb100, length: 3, write: true },
    { at: 0xb200, length: 64, write: true },
  ])
  driver.kick(4)
  expect(
    queue(4)
      .takeUsed()
      .map(({ written }) => written),
  ).toEqual([4, 6])
  expect(get(0xb000, 4).toString() + get(0xb100, 3) + get(0xb200, 3)).toBe('0123456789')
})

it('a client that sends to a guest that does not read is held back, and loses nothing', async () => {
  const { queue, get, driver, dial } = await rigUp({ opened: true })
  const sent = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * 7) & 0xff))
  const socket = dial()
  socket.write(sent)
  await new Promise((resolve) => setTimeout(resolve, 30))
  const parts: Buffer[] = []
  await eventually(() => {
    queue(4).submit([{ at: 0xb000, length: 4096, write: true }])
    driver.kick(4)
    for (const { written } of queue(4).takeUsed()) parts.push(Buffer.from(get(0xb000, written)))
    return parts.reduce((sum, part) => sum + part.length, 0) === sent.length
  })
  expect(Buffer.concat(parts).equals(sent)).toBe(true)
})

it('what a client said reaches the guest also when the client has left', async () => {
  const { queue, get, driver, dial, device } = await rigUp({ opened: true })
  const socket = dial()
  socket.end('{"execute":"guest-shutdown"}\n')
  await new Promise((resolve) => socket.once('close', resolve))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(device.isOpen('org.posada.test.0')).toBe(true)
  queue(4).submit([{ at: 0xb000, length: 64, write: true }])
  driver.kick(4)
  expect(queue(4).takeUsed()).toEqual([{ head: expect.any(Number), written: 29 }])
  expect(get(0xb000, 28).toString()).toBe('{"execute":"guest-shutdown"}')
})

it('a second client waits for the first to leave', async () => {
  const { queue, put, driver, dial } = await rigUp({ opened: true })
  const first = dial()
  await new Promise((resolve) => first.once('connect', resolve))
  let got = ''
  dial().on('data', (bytes) => {
    got += bytes
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  first.destroy()
  await new Promise((resolve) => setTimeout(resolve, 20))
  queue(5).submit([put(0xa000, Buffer.from('hello'))])
  driver.kick(5)
  await eventually(() => got === 'hello')
})

it('messages cut short, for no port or of no known event change nothing', async () => {
  const { say, listen, queue, put, driver, faults } = await rigUp()
  queue(3).submit([put(0x8000, Buffer.alloc(7))])
  driver.kick(3)
  say(99, 3, 1)
  say(1, 99, 1)
  expect(queue(3).takeUsed()).toHaveLength(3)
  expect([listen(), faults]).toEqual([[], []])
})

it('a guest that asks without end and gives no buffers is not answered without end', async () => {
  const { say, queue, driver, faults } = await rigUp()
  for (let count = 0; count < 2000; count += 1) say(0xffff_ffff, 0, 1)
  expect(queue(2).takeUsed()).toHaveLength(8)
  expect(faults).toEqual([])
  for (let count = 0; count < 600; count += 1) {
    queue(2).submit([{ at: 0x9000, length: 8, write: true }])
    driver.kick(2)
  }
  expect(queue(2).takeUsed().length).toBeLessThan(520)
})
