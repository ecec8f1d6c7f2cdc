import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FrameLink } from '../../../providers/kvm/net/frame-link.ts'
import { GuardedLink } from '../../../providers/kvm/net/guarded-link.ts'
import { parseIpv4 } from '../../../src/lib/net/ip.ts'
import {
  ipv4Addresses,
  ipv4Frame,
  parseIpv4Packet,
  parseUdp,
  protocol,
  udpDatagram,
} from '../../../src/lib/wire/packet.ts'
import { encodeTcp, flag, parseTcp } from '../../../src/lib/wire/tcp.ts'
import type { UserNic } from '../../../src/provider/index.ts'
import { guardOf } from '../../../src/provider-kit/index.ts'
import { mac } from '../../helpers/frames.ts'
import { until } from '../../helpers/guest-talk.ts'
import { outsideAddress, outsideServers } from '../../helpers/outside-servers.ts'
import { passtLink } from '../../helpers/passt-link.ts'

// The guard before a real passt, and frames of our own in place of a guest: what a root of a guest could send. Some 10 s.
const hasPasst = spawnSync('passt', ['--version']).error === undefined
const gateway = '10.0.2.2'
const number = (address: string) => parseIpv4(address) ?? Number.NaN

describe.skipIf(!hasPasst)('a guest of passt', () => {
  const cleanUps: (() => unknown)[] = []
  let port: number
  const carried = { received: 0, sent: 0 }
  beforeEach(async () => {
    const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1')
    cleanUps.push(() => server.close())
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
  })

  /** Frames that come are parsed as they come; `send` puts a packet of the guest's on the cable. */
  async function guest(changes: Partial<UserNic>, isGuarded = true) {
    const nic: UserNic = { kind: 'user', mac: '52:54:00:00:00:02', forwards: [], ...changes }
    const passt = await passtLink(nic.forwards)
    const guard = guardOf(nic, { reassembles: false })
    const link: FrameLink = isGuarded ? new GuardedLink(passt, guard, carried) : passt
    cleanUps.push(() => link.close())
    const packets: NonNullable<ReturnType<typeof parseIpv4Packet>>[] = []
    link.start({
      frame: (bytes) => {
        const packet = parseIpv4Packet(Buffer.from(bytes))
        if (packet !== null) packets.push({ ...packet, payload: Buffer.from(packet.payload) })
        return true
      },
      changed: () => undefined,
      writable: () => undefined,
    })
    const way = (to: string) => ({
      fromMac: mac(2),
      toMac: mac(1),
      from: number('10.0.2.15'),
      to: number(to),
    })
    const send = (to: string, kind: number, payload: Buffer) => {
      const frame = ipv4Frame(way(to), kind, payload)
      expect(link.send([frame.subarray(0, 20), frame.subarray(20)], frame.length)).toBe(true)
    }
    return { packets, send, addresses: (to: string) => ipv4Addresses(number('10.0.2.15'), number(to)) }
  }

  /** What a SYN to that address is answered with; null where nothing comes. */
  async function connects(changes: Partial<UserNic>, to: string, isGuarded = true): Promise<number | null> {
    const { packets, send, addresses } = await guest(changes, isGuarded)
    const syn = { from: 40_000, to: port, sequence: 1, acknowledgement: 0, flags: flag.syn, window: 1024 }
    send(to, protocol.tcp, encodeTcp({ ...syn, data: new Uint8Array(0) }, addresses(to)))
    const answers = () => packets.flatMap(({ payload }) => parseTcp(payload)?.flags ?? [])
    for (let tries = 0; tries < 50 && answers().length === 0; tries++) await sleep(20)
    return answers()[0] ?? null
  }

  it.each([gateway, '127.0.0.1', '0.0.0.0'])(
    'without a guard is let to the host’s loopback at %s',
    async (to) => {
      expect(await connects({}, to, false)).toBe(flag.syn | flag.ack)
    },
  )

  it('is refused at the gateway and heard at no other address of the loopback', async () => {
    expect(await connects({}, gateway)).toBe(flag.rst | flag.ack)
    expect(await connects({ hostAccess: [port === 80 ? 81 : 80] }, gateway)).toBe(flag.rst | flag.ack)
    expect(await connects({ hostAccess: 'all' }, '127.0.0.1')).toBe(null)
    expect(await connects({ hostAccess: 'all' }, '0.0.0.0')).toBe(null)
  })

  it('is let to the ports that are open', async () => {
    expect(await connects({ hostAccess: [port] }, gateway)).toBe(flag.syn | flag.ack)
    expect(await connects({ hostAccess: 'all' }, gateway)).toBe(flag.syn | flag.ack)
  })

  it.skipIf(outsideAddress === undefined)('is let to the outside, by TCP and UDP', async () => {
    const to = outsideAddress ?? ''
    const servers = await outsideServers((cleanUp) => cleanUps.push(cleanUp))
    port = servers.tcp
    expect(await connects({}, to)).toBe(flag.syn | flag.ack)
    const { packets, send, addresses } = await guest({})
    const ports = { from: 40_001, to: servers.udp }
    send(to, protocol.udp, udpDatagram(ports, addresses(to), Buffer.from('question')))
    const answer = () =>
      packets.flatMap(({ payload }) => parseUdp(payload) ?? []).find((each) => each.to === 40_001)
    await until('it is answered', 3000, async () => answer() !== undefined)
    expect(answer()?.from).toBe(servers.udp)
  })

  it('answers what comes through a forwarded UDP port, and sends nothing else', async () => {
    const [asker, other] = [createSocket('udp4'), createSocket('udp4')]
    const heard: string[] = []
    for (const [name, socket] of Object.entries({ asker, other })) {
      socket.bind(0, '127.0.0.1').on('message', (text) => heard.push(`${name} ${text}`))
      await once(socket, 'listening')
      cleanUps.push(() => socket.close())
    }
    const forward = { protocol: 'udp', hostAddress: '127.0.0.1', hostPort: port, guestPort: 53 } as const
    const { packets, send, addresses } = await guest({ forwards: [forward] })
    const say = (to: number, text: string) =>
      send(gateway, protocol.udp, udpDatagram({ from: 53, to }, addresses(gateway), Buffer.from(text)))
    asker.send('question', port, '127.0.0.1')
    const came = () => packets.flatMap(({ payload }) => parseUdp(payload) ?? []).find(({ to }) => to === 53)
    await until('it has come', 3000, async () => came() !== undefined)
    say(other.address().port, 'to a stranger')
    say(came()?.from ?? 0, 'answer')
    await until('it is answered', 3000, async () => heard.length > 0)
    expect(heard).toEqual(['asker answer'])
  })
})
