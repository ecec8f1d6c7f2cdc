import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { VsockDevice } from '../../../../../../providers/kvm/virtio/devices/vsock/device.ts'
import { VsockHost } from '../../../../../../providers/kvm/virtio/devices/vsock/host-side.ts'
import {
  decodeHeader,
  encodeHeader,
  type VsockHeader,
  vsockOp,
} from '../../../../../../providers/kvm/virtio/devices/vsock/packet.ts'
import { eventually, startDevice } from '../../../../../helpers/started-device.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const slotBytes = 4096 + 44

/** A socket device whose guest is the test: it has 16 buffers of 4 KiB out, and gives them back when read. */
async function rigUp() {
  const folder = mkdtempSync(join(tmpdir(), 'posada-vsock-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'v')
  const host = new VsockHost(path)
  await host.listen()
  const rig = await startDevice(new VsockDevice(3, host))
  cleanUps.push(() => rig.stop())
  const offer = () => {
    const slot = rig.queue(0).availableIndex % 16
    rig.queue(0).submit([{ at: 0x40000 + slot * 0x2000, length: slotBytes, write: true }])
  }
  for (let slot = 0; slot < 16; slot += 1) offer()
  const heard: { header: VsockHeader; data: Buffer }[] = []
  const hear = () => {
    for (const { head, written } of rig.queue(0).takeUsed()) {
      const bytes = rig.get(0x40000 + head * 0x2000, written)
      heard.push({ header: decodeHeader(bytes), data: Buffer.from(bytes.subarray(44)) })
      offer()
      rig.driver.kick(0)
    }
    return heard
  }
  const say = (packet: Partial<VsockHeader> & { op: number }, data = Buffer.alloc(0)) => {
    const header = encodeHeader({
      sourceCid: 3,
      destinationCid: 2,
      sourcePort: 5000,
      destinationPort: 80,
      length: data.length,
      type: 1,
      flags: 0,
      bufAlloc: 65536,
      fwdCnt: 0,
      ...packet,
    })
    rig.queue(1).submit([rig.put(0x8000, header), rig.put(0x9000, data)])
    rig.driver.kick(1)
  }
  const next = async (op: number) => {
    await eventually(() => hear().some(({ header }) => header.op === op), `no packet of operation ${op}`)
    const index = heard.findIndex(({ header }) => header.op === op)
    return heard.splice(index, 1)[0] as { header: VsockHeader; data: Buffer }
  }
  const dial = (text: string): Socket => {
    const socket = connect({ path, allowHalfOpen: true })
    socket.on('error', () => socket.destroy())
    cleanUps.push(() => socket.destroy())
    socket.write(text)
    return socket
  }
  /** Listens as a service of the host on a port, and collects what it is sent. */
  const serve = async (port: number) => {
    const service = { text: '', ended: false, closed: false, socket: null as Socket | null }
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      service.socket = socket
      socket.on('data', (bytes) => {
        service.text += bytes
      })
      socket.on('end', () => {
        service.ended = true
      })
      socket.on('close', () => {
        service.closed = true
      })
      socket.on('error', () => socket.destroy())
    })
    await new Promise<void>((resolve) => server.listen(`${path}_${port}`, resolve))
    cleanUps.push(() => {
      service.socket?.destroy()
      server.close()
    })
    return service
  }
  return { ...rig, hear, heard, say, next, dial, serve }
}

describe('a socket device', () => {
  it('knows the guest’s address', async () => {
    const { driver } = await rigUp()
    expect([driver.device(0, 4), driver.device(4, 4)]).toEqual([3, 0])
  })

  it('leads a guest to what listens for a port of the host, and back', async () => {
    const { say, next, serve } = await rigUp()
    const service = await serve(80)
    say({ op: vsockOp.request })
    const { header } = await next(vsockOp.response)
    expect(header).toMatchObject({ sourceCid: 2, destinationCid: 3, sourcePort: 80, destinationPort: 5000 })
    expect(header.bufAlloc).toBeGreaterThan(65536)
    say({ op: vsockOp.data }, Buffer.from('hello'))
    await eventually(() => service.text === 'hello')
    service.socket?.write('good day')
    expect((await next(vsockOp.data)).data.toString()).toBe('good day')
    say({ op: vsockOp.shutdown, flags: 3 })
    await next(vsockOp.reset)
    await eventually(() => service.ended)
  })

  it('resets a connection to a port of the host without a listener', async () => {
    const { say, next } = await rigUp()
    say({ op: vsockOp.request, destinationPort: 99 })
    expect((await next(vsockOp.reset)).header).toMatchObject({ sourcePort: 99, destinationPort: 5000 })
  })

  it('leads a program of the host to a port of the guest', async () => {
    const { say, next, dial } = await rigUp()
    let got = ''
    const socket = dial('CONNECT 22\nearly').on('data', (bytes) => {
      got += bytes
    })
    const { header } = await next(vsockOp.request)
    expect(header.destinationPort).toBe(22)
    const back = { sourcePort: 22, destinationPort: header.sourcePort }
    say({ op: vsockOp.response, ...back })
    await eventually(() => got === `OK ${header.sourcePort}\n`)
    expect((await next(vsockOp.data)).data.toString()).toBe('early')
    say({ op: vsockOp.data, ...back }, Buffer.from('SSH-2.0'))
    await eventually(() => got.endsWith('SSH-2.0'))
    socket.end('last words')
    expect((await next(vsockOp.data)).data.toString()).toBe('last words')
    expect((await next(vsockOp.shutdown)).header.flags).toBe(2)
    say({ op: vsockOp.shutdown, flags: 3, ...back })
    await eventually(() => socket.destroyed || socket.readableEnded)
  })

  it('hangs up on a program whose port the guest refuses, or who says anything else', async () => {
    const { say, next, dial } = await rigUp()
    const refused = dial('CONNECT 22\n')
    const { header } = await next(vsockOp.request)
    say({ op: vsockOp.reset, sourcePort: 22, destinationPort: header.sourcePort })
    await eventually(() => refused.destroyed || refused.readableEnded || refused.closed)
    for (const text of ['GET / HTTP/1.1\n', 'CONNECT 99999999999\n', 'CONNECT x\n', 'x'.repeat(100)]) {
      const socket = dial(text)
      let ended = false
      socket.on('end', () => {
        ended = true
      })
      socket.resume()
      await eventually(() => ended || socket.destroyed)
    }
  })

  it('sends the guest no more than it has room for, and loses nothing', async () => {
    const { say, next, serve, hear, heard } = await rigUp()
    const service = await serve(80)
    say({ op: vsockOp.request, bufAlloc: 10_000 })
    await next(vsockOp.response)
    const sent = Buffer.from(Array.from({ length: 150_000 }, (_, index) => (index * 11) & 0xff))
    service.socket?.end(sent)
    await new Promise((resolve) => setTimeout(resolve, 30))
    const received = () =>
      Buffer.concat(
        hear()
          .filter((one) => one.header.op === vsockOp.data)
          .map((one) => one.data),
      )
    expect(received().length).toBe(10_000)
    await eventually(() => {
      say({ op: vsockOp.creditUpdate, bufAlloc: 10_000, fwdCnt: received().length })
      return received().length === sent.length
    })
    expect(received().equals(sent)).toBe(true)
    await next(vsockOp.shutdown)
    expect(heard.at(-1)?.header.op).not.toBe(vsockOp.shutdown)
  })

  it('tells the guest of the room it has, and resets one that sends more', async () => {
    const { say, next, serve } = await rigUp()
    const service = await serve(80)
    say({ op: vsockOp.request })
    await next(vsockOp.response)
    say({ op: vsockOp.creditRequest })
    expect((await next(vsockOp.creditUpdate)).header.fwdCnt).toBe(0)
    for (let count = 0; count < 32; count += 1) say({ op: vsockOp.data }, Buffer.alloc(4000))
    await eventually(() => service.text.length === 32 * 4000)
    expect((await next(vsockOp.creditUpdate)).header.fwdCnt).toBeGreaterThanOrEqual(65536)
    service.socket?.pause()
    for (let count = 0; count < 400; count += 1) say({ op: vsockOp.data }, Buffer.alloc(4000))
    await next(vsockOp.reset)
  })

  it('answers what belongs to no connection, or makes no sense, with a reset', async () => {
    const { say, next, hear, faults } = await rigUp()
    say({ op: vsockOp.data }, Buffer.from('x'))
    await next(vsockOp.reset)
    say({ op: 77 })
    await next(vsockOp.reset)
    say({ op: vsockOp.request, type: 2 })
    await next(vsockOp.reset)
    say({ op: vsockOp.data, length: 0xffff_ffff })
    await next(vsockOp.reset)
    say({ op: vsockOp.request, sourceCid: 4 })
    say({ op: vsockOp.request, destinationCid: 1 })
    say({ op: vsockOp.reset })
    expect([hear(), faults]).toEqual([[], []])
  })

  it('forgets all connections with the driver', async () => {
    const { say, next, serve, driver } = await rigUp()
    const service = await serve(80)
    say({ op: vsockOp.request })
    await next(vsockOp.response)
    await driver.reset()
    await eventually(() => service.ended || service.closed)
  })
})
