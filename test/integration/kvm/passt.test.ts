import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { StreamLink } from '../../../providers/kvm/net/stream-link.ts'
import { userNetwork } from '../../../src/lib/net/user-network.ts'
import { freePort } from '../../helpers/free-port.ts'
import { passtLink } from '../../helpers/passt-link.ts'

const hasPasst = spawnSync('passt', ['--version']).error === undefined
const mac = Buffer.from('525400aabbcc', 'hex')

/** A DHCPDISCOVER in a frame (RFC 2131). */
function discover(): Buffer {
  const dhcp = Buffer.alloc(244)
  dhcp.set([1, 1, 6, 0], 0)
  dhcp.writeUInt32BE(0x1234, 4)
  mac.copy(dhcp, 28)
  dhcp.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255], 236)
  const udp = Buffer.alloc(8)
  udp.writeUInt16BE(68, 0)
  udp.writeUInt16BE(67, 2)
  udp.writeUInt16BE(8 + dhcp.length, 4)
  const ip = Buffer.alloc(20)
  ip.set([0x45, 0], 0)
  ip.writeUInt16BE(28 + dhcp.length, 2)
  ip.set([64, 17], 8)
  ip.fill(255, 16, 20)
  let sum = 0
  for (let at = 0; at < 20; at += 2) sum += ip.readUInt16BE(at)
  ip.writeUInt16BE(~((sum & 0xffff) + (sum >>> 16)) & 0xffff, 10)
  const ethernet = Buffer.concat([Buffer.alloc(6, 255), mac, Buffer.from([8, 0])])
  return Buffer.concat([ethernet, ip, udp, dhcp])
}

describe.skipIf(!hasPasst)('passt over a pair of sockets (a second)', () => {
  it('gives the guest its address by DHCP, and ends with the link', async () => {
    const hostPort = await freePort()
    const forwards = [{ protocol: 'tcp' as const, hostAddress: '127.0.0.1', hostPort, guestPort: 22 }]
    const downs: string[] = []
    const start = () => passtLink(forwards, (reason) => downs.push(reason))
    const link = await start()
    try {
      const offer = await answer(link, discover())
      expect([...offer.subarray(0, 6)]).toEqual([...mac])
      // yiaddr of the DHCP message behind the headers of Ethernet, IPv4 and UDP.
      expect([...offer.subarray(14 + 20 + 8 + 16, 14 + 20 + 8 + 20)].join('.')).toBe(userNetwork.address)
      const taken = await start().then(
        (second) => second.close(),
        (error: unknown) => error,
      )
      expect(taken).toMatchObject({ code: 'E_PORT_IN_USE', value: expect.stringContaining(String(hostPort)) })
    } finally {
      await link.close()
    }
    expect(downs).toEqual([])
    for (let tries = 0; ; tries += 1) {
      // The port is free again once passt is gone.
      const free = await new Promise<boolean>((resolve) => {
        const server = createServer()
          .once('error', () => resolve(false))
          .listen(hostPort, '127.0.0.1', () => server.close(() => resolve(true)))
      })
      if (free) break
      if (tries > 100) throw new Error('passt lives on')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })

  it('says why it could not start', async () => {
    const forwards = [{ protocol: 'tcp' as const, hostAddress: 'nonsense', hostPort: 1, guestPort: 22 }]
    await expect(passtLink(forwards)).rejects.toMatchObject({
      code: 'E_PASST',
      details: [expect.stringContaining('nonsense')],
    })
  })
})

/** Sends a frame and resolves with the first that comes back. */
function answer(link: StreamLink, frame: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), 3000)
    link.start({
      frame: (bytes) => {
        clearTimeout(timer)
        resolve(Buffer.from(bytes))
        return true
      },
      changed: () => undefined,
      writable: () => undefined,
    })
    link.send([frame], frame.length)
  })
}
