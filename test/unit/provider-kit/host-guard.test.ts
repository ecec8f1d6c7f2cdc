import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseIpv4 } from '../../../src/lib/net/ip.ts'
import { code, parseQuestion, recordType } from '../../../src/lib/wire/dns-message.ts'
import { encodeName } from '../../../src/lib/wire/dns-name.ts'
import { parseIpv4Packet, parseUdp } from '../../../src/lib/wire/packet.ts'
import { flag, parseTcp } from '../../../src/lib/wire/tcp.ts'
import { type GuardOptions, HostGuard } from '../../../src/provider-kit/host-guard.ts'
import { ethernet, ipv4, mac } from '../../helpers/frames.ts'

const guest = '10.0.2.15'
const gateway = '10.0.2.2'
const outside = '192.0.2.7'
const everywhere = ['127.0.0.1', '127.9.9.9', '0.0.0.0', '0.1.2.3']

function guardOf(options: Partial<GuardOptions> = {}) {
  return new HostGuard({ access: [], isolated: false, udpPorts: [], reassembles: true, ...options })
}

const number = (address: string) => parseIpv4(address) ?? Number.NaN

interface Packet {
  from?: string
  to: string
  fragment?: number
  id?: number
  options?: Buffer
}

/** A frame of the guest's, or to it. */
function frameOf(
  { from = guest, to, fragment = 0, id = 7, options = Buffer.alloc(0) }: Packet,
  protocol: number,
  payload: Buffer,
) {
  const plain = ipv4(number(from), number(to), protocol, Buffer.concat([options, payload]))
  plain[0] = 0x40 | (5 + options.length / 4)
  plain.writeUInt16BE(id, 4)
  plain.writeUInt16BE(fragment, 6)
  return ethernet(mac(1), mac(2), 0x0800, plain)
}

function tcp(packet: Packet, { port, flags = flag.syn as number }: { port: number; flags?: number }) {
  const segment = Buffer.alloc(20)
  segment.writeUInt16BE(40_000, 0)
  segment.writeUInt16BE(port, 2)
  segment.writeUInt32BE(1000, 4)
  segment.set([0x50, flags], 12)
  return frameOf(packet, 6, segment)
}

function udp(
  packet: Packet,
  { from = 40_000, port, data = Buffer.alloc(4) }: { from?: number; port: number; data?: Buffer },
) {
  const datagram = Buffer.alloc(8)
  datagram.writeUInt16BE(from, 0)
  datagram.writeUInt16BE(port, 2)
  datagram.writeUInt16BE(8 + data.length, 4)
  return frameOf(packet, 17, Buffer.concat([datagram, data]))
}

function question(name: string, type: number = recordType.a) {
  const head = Buffer.from('123401000001000000000000', 'hex')
  return Buffer.concat([head, encodeName(name), Buffer.of(0, type, 0, 1)])
}

it('lets a guest out, and to DHCP, DNS, ARP and a ping of the gateway', () => {
  const guard = guardOf()
  const frames = [
    tcp({ to: outside }, { port: 443 }),
    udp({ to: outside }, { port: 123 }),
    udp({ to: '10.0.2.3' }, { port: 53, data: question('example.com') }),
    tcp({ to: '10.0.2.3' }, { port: 53 }),
    udp({ from: '0.0.0.0', to: '255.255.255.255' }, { from: 68, port: 67 }),
    udp({ to: gateway }, { from: 68, port: 67 }),
    frameOf({ to: gateway }, 1, Buffer.from('0800000000000000', 'hex')),
    ethernet(mac(1), mac(2), 0x0806, Buffer.alloc(28)),
    // Into the guest: a reply to a connection that the host began, and what follows.
    tcp({ to: gateway }, { port: 5432, flags: flag.syn | flag.ack }),
    tcp({ to: gateway }, { port: 5432, flags: flag.ack }),
  ]
  expect(frames.map((frame) => guard.fromGuest(frame))).toEqual(frames.map(() => 'pass'))
})

it('refuses connections to the host’s loopback, by whichever address, with an answer where one is due', () => {
  const refused: string[] = []
  const guard = guardOf({ onRefused: (what) => refused.push(what) })
  for (const port of [22, 53, 67, 5432]) {
    const answer = guard.fromGuest(tcp({ to: gateway }, { port }))
    if (typeof answer === 'string') throw new Error(answer)
    const packet = parseIpv4Packet(answer)
    expect(packet).toMatchObject({ source: number(gateway), target: number(guest), mac: Buffer.from(mac(1)) })
    expect(parseTcp(packet?.payload ?? Buffer.alloc(0))).toMatchObject({
      ...{ from: port, to: 40_000, flags: flag.rst | flag.ack, acknowledgement: 1001 },
    })
    expect(guard.fromGuest(udp({ to: gateway }, { port: port === 67 ? 68 : port }))).toBe('drop')
  }
  for (const to of everywhere) {
    expect(guard.fromGuest(tcp({ to }, { port: 443 }))).toBe('drop')
    expect(guard.fromGuest(tcp({ to }, { port: 443, flags: flag.ack }))).toBe('drop')
    expect(guard.fromGuest(udp({ to }, { port: 53 }))).toBe('drop')
  }
  const others = [
    tcp({ to: '255.255.255.255' }, { port: 67 }),
    udp({ to: '255.255.255.255' }, { port: 53 }),
    udp({ to: '10.0.2.3' }, { port: 5432 }),
    udp({ to: '10.0.2.255' }, { port: 5432 }),
    frameOf({ to: gateway }, 132, Buffer.alloc(20)),
  ]
  expect(others.map((frame) => guard.fromGuest(frame))).toEqual(others.map(() => 'drop'))
  expect(refused.slice(0, 2)).toEqual(['10.0.2.2:22 by TCP', '10.0.2.2:22 by UDP'])
})

it('lets it to the ports that are opened, and to no others', () => {
  const guard = guardOf({ access: [5432] })
  expect(guard.fromGuest(tcp({ to: gateway }, { port: 5432 }))).toBe('pass')
  expect(guard.fromGuest(tcp({ to: gateway, options: Buffer.alloc(8, 1) }, { port: 5432 }))).toBe('pass')
  expect(guard.fromGuest(udp({ to: gateway }, { port: 5432 }))).toBe('pass')
  expect(guard.fromGuest(tcp({ to: gateway }, { port: 5433 }))).toBeInstanceOf(Buffer)
  expect(guard.fromGuest(tcp({ to: gateway, options: Buffer.alloc(8, 1) }, { port: 22 }))).not.toBe('pass')
  const all = guardOf({ access: 'all' })
  expect(all.fromGuest(tcp({ to: gateway }, { port: 22 }))).toBe('pass')
  for (const to of everywhere) expect(all.fromGuest(tcp({ to }, { port: 22 }))).toBe('drop')
})

it('lets a guest answer datagrams that came through a forward, and nothing else on that port', () => {
  const guard = guardOf({ udpPorts: [53] })
  const answer = () => guard.fromGuest(udp({ to: gateway }, { from: 53, port: 3000 }))
  expect(answer()).toBe('drop')
  guard.toGuest(udp({ from: gateway, to: guest }, { from: 3000, port: 5353 }))
  expect(answer()).toBe('drop')
  guard.toGuest(udp({ from: gateway, to: guest }, { from: 3000, port: 53 }))
  expect(answer()).toBe('pass')
  expect(guard.fromGuest(udp({ to: gateway }, { from: 54, port: 3000 }))).toBe('drop')
  expect(guard.fromGuest(udp({ to: gateway }, { from: 53, port: 3001 }))).toBe('drop')
  expect(guard.fromGuest(udp({ to: '127.0.0.1' }, { from: 53, port: 3000 }))).toBe('drop')
  for (let port = 4000; port < 6000; port++)
    guard.toGuest(udp({ from: gateway, to: guest }, { from: port, port: 53 }))
  expect(answer()).toBe('drop')
})

it('judges fragments by their first, where the stack puts them together, and else lets none pass', () => {
  const more = 0x2000
  const first = (id: number, port: number) => udp({ to: gateway, fragment: more, id }, { port })
  const later = (id: number) => frameOf({ to: gateway, fragment: 1, id }, 17, Buffer.alloc(16))
  const guard = guardOf({ access: [53] })
  expect([later(1), first(1, 22), later(1)].map((frame) => guard.fromGuest(frame))).toEqual([
    'drop',
    'drop',
    'drop',
  ])
  expect([first(2, 53), later(2), later(3)].map((frame) => guard.fromGuest(frame))).toEqual([
    'pass',
    'pass',
    'drop',
  ])
  expect(guard.fromGuest(tcp({ to: gateway, fragment: more }, { port: 53 }))).toBe('drop')
  expect(guard.fromGuest(tcp({ to: gateway, fragment: 1, id: 2 }, { port: 53 }))).toBe('drop')
  const passt = guardOf({ access: [53], reassembles: false })
  expect([first(4, 53), later(4)].map((frame) => passt.fromGuest(frame))).toEqual(['drop', 'drop'])
})

it('keeps an isolated guest from everything but what is opened, and who came in by a forward', () => {
  const guard = guardOf({ access: [5432], isolated: true, udpPorts: [53] })
  const inner = [
    tcp({ to: gateway }, { port: 5432 }),
    udp({ from: '0.0.0.0', to: '255.255.255.255' }, { from: 68, port: 67 }),
    tcp({ to: outside }, { port: 40_001, flags: flag.syn | flag.ack }),
  ]
  expect(inner.map((frame) => guard.fromGuest(frame))).toEqual(inner.map(() => 'pass'))
  expect(guard.fromGuest(tcp({ to: outside }, { port: 443 }))).toBeInstanceOf(Buffer)
  expect(guard.fromGuest(udp({ to: '10.0.2.3' }, { port: 53, data: question('example.com') }))).toBe('drop')
  const answer = () => guard.fromGuest(udp({ to: outside }, { from: 53, port: 3000 }))
  expect(answer()).toBe('drop')
  guard.toGuest(udp({ from: outside, to: guest }, { from: 3000, port: 53 }))
  expect(answer()).toBe('pass')
})

it('names the host where any of it is open', () => {
  const ask = (
    name: string,
    type: number = recordType.a,
    options: Partial<GuardOptions> = { access: [5432] },
  ) => guardOf(options).fromGuest(udp({ to: '10.0.2.3' }, { port: 53, data: question(name, type) }))
  const answered = (frame: ReturnType<typeof ask>) => {
    if (typeof frame === 'string') throw new Error(frame)
    const packet = parseIpv4Packet(frame)
    expect(packet).toMatchObject({ source: number('10.0.2.3'), target: number(guest) })
    const datagram = parseUdp(packet?.payload ?? Buffer.alloc(0))
    expect(datagram).toMatchObject({ from: 53, to: 40_000 })
    return datagram?.data ?? Buffer.alloc(0)
  }
  const found = answered(ask('HOST.posada.internal'))
  expect([found.readUInt16BE(2) & 15, found.readUInt16BE(6)]).toEqual([code.ok, 1])
  expect([...found.subarray(-4)].join('.')).toBe(gateway)
  expect(answered(ask('host.posada.internal', recordType.aaaa)).readUInt16BE(6)).toBe(0)
  expect(ask('host.posada.internal.', recordType.a, { access: 'all', isolated: true })).toBeInstanceOf(Buffer)
  expect(ask('other.posada.internal')).toBe('pass')
  expect(ask('host.posada.internal', recordType.a, { access: [] })).toBe('pass')
  expect(parseQuestion(question('host.posada.internal'), 'udp')?.name).toBe('host.posada.internal')
})

it('takes any bytes, and lets none of them to a port of the gateway that is closed', () => {
  const guard = guardOf({ access: [80], udpPorts: [53] })
  const field = fc.oneof(fc.constantFrom(0, 6, 17, 0x45, 0x4f, 0x40, 255), fc.integer({ min: 0, max: 255 }))
  const bytes = fc.array(field, { minLength: 0, maxLength: 60 })
  fc.assert(
    fc.property(bytes, fc.constantFrom(6, 17), (tail, protocol) => {
      const packet = frameOf({ to: gateway }, protocol, Buffer.from(tail))
      guard.fromGuest(Buffer.from(tail))
      guard.toGuest(Buffer.from(tail))
      if (guard.fromGuest(packet) !== 'pass') return
      const begins = protocol === 17 || ((packet[47] ?? 0) & 0x12) === 0x02
      if (begins) expect([80, 67]).toContain(packet.readUInt16BE(36))
    }),
  )
})
