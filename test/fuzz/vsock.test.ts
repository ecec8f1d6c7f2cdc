import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { VsockDevice } from '../../providers/kvm/virtio/devices/vsock/device.ts'
import { VsockHost } from '../../providers/kvm/virtio/devices/vsock/host-side.ts'
import { decodeHeader, encodeHeader } from '../../providers/kvm/virtio/devices/vsock/packet.ts'
import { startDevice } from '../helpers/started-device.ts'
import { inFolder } from './folder.ts'
import { fuzz } from './fuzz.ts'
import type { Source } from './source.ts'

const slotBytes = 4096 + 44
const service = 80
const mostActions = 100

/** A packet of the guest, mostly of one of three connections to the service or to where nothing listens. */
function packet(source: Source): Buffer {
  const data = source.flag() ? Buffer.alloc(source.pick([0, 1, 100, 4096])) : source.bytes(source.below(64))
  const header = encodeHeader({
    sourceCid: source.below(16) === 0 ? source.below(5) : 3,
    destinationCid: source.below(16) === 0 ? source.below(5) : 2,
    sourcePort: source.below(8) === 0 ? source.number(4) : 5000 + source.below(3),
    destinationPort: source.below(4) === 0 ? source.pick([0, 81, 0xffff_ffff]) : service,
    length: source.below(8) === 0 ? source.number(4) : data.length,
    type: source.below(16) === 0 ? source.below(3) : 1,
    op: source.pick([1, 1, 2, 3, 4, 5, 5, 5, 6, 7, source.below(10)]),
    flags: source.below(4),
    bufAlloc: source.pick([0, 1, 65536, 262144, 0xffff_ffff]),
    fwdCnt: source.flag() ? 0 : source.number(4),
  })
  return Buffer.concat([header, data])
}

describe('connections of a hostile guest', () => {
  fuzz('vsock', (source) =>
    inFolder(async (folder) => {
      const path = join(folder, 'v')
      const sockets = new Set<Socket>()
      const watched = (socket: Socket) => {
        sockets.add(socket)
        socket.on('error', () => socket.destroy())
        socket.resume()
        return socket
      }
      const server = createServer({ allowHalfOpen: true }, (socket) => watched(socket).write('hello'))
      await new Promise<void>((resolve) => server.listen(`${path}_${service}`, resolve))
      const host = new VsockHost(path)
      await host.listen()
      const rig = await startDevice(new VsockDevice(3, host))
      try {
        const offer = (head: number) =>
          rig.queue(0).submit([{ at: 0x40000 + head * 0x2000, length: slotBytes, write: true }])
        for (let slot = 0; slot < 16; slot += 1) offer(slot)
        const hear = () => {
          for (const { head, written } of rig.queue(0).takeUsed()) {
            const header = decodeHeader(rig.get(0x40000 + head * 0x2000, 44))
            // What comes is of the host, to this guest, and no longer than its buffer.
            expect([header.sourceCid, header.destinationCid, header.type]).toEqual([2, 3, 1])
            expect(written).toBe(44 + header.length)
            expect(header.op).toBeGreaterThanOrEqual(1)
            expect(header.op).toBeLessThanOrEqual(7)
            offer(head)
          }
          rig.driver.kick(0)
        }
        for (let action = 0; action < mostActions && !source.isEmpty; action += 1) {
          const kind = source.below(8)
          const socket = [...sockets][source.below(8) % Math.max(1, sockets.size)]
          if (kind < 5) {
            rig.queue(1).submit([rig.put(0x8000, packet(source))])
            rig.driver.kick(1)
          } else if (kind === 5) {
            const asking = watched(connect({ path, allowHalfOpen: true }))
            asking.write(
              source.pick([
                'CONNECT 22\n',
                'CONNECT 5000\n',
                'CONNECT ',
                'GET / HTTP/1.1\r\n\r\n',
                'CONNECT 22\nearly',
              ]),
            )
          } else if (kind === 6) socket?.write(source.flag() ? Buffer.alloc(5000, 7) : 'some')
          else if (source.flag()) socket?.end()
          else socket?.destroy()
          if (source.flag()) await new Promise((resolve) => setImmediate(resolve))
          hear()
        }
        for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
        hear()
        expect(rig.faults).toEqual([])
      } finally {
        for (const socket of sockets) socket.destroy()
        await rig.stop()
        await new Promise((resolve) => server.close(resolve))
      }
    }),
  )
})
