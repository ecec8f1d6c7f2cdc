import fc from 'fast-check'
import { expect, it } from 'vitest'
import { guardFrame } from '../../../../src/network/link/guard.ts'
import { interfaceId } from '../../../../src/network/link/guard-ipv6.ts'
import { arp, ethernet, everyone, ipv4, ipv6, mac, sender } from '../../../helpers/frames.ts'

const me = sender(1)
const other = sender(2)
const judge = (bytes: Buffer) => guardFrame({ bytes, start: 0, end: bytes.length }, me)
const v4 = (source: number, protocol = 6, payload = Buffer.alloc(20)) =>
  ethernet(other.mac, me.mac, 0x0800, ipv4(source, other.ipv4, protocol, payload))
const udp = (from: number, to = 4242) => Buffer.from([from >> 8, from & 255, to >> 8, to & 255, 0, 8, 0, 0])
const v6 = (source: Uint8Array, next = 6, payload = Buffer.alloc(24)) =>
  ethernet(other.mac, me.mac, 0x86dd, ipv6(source, next, payload))
const address = (prefix: Uint8Array, id: Uint8Array) => Uint8Array.from([...prefix, ...id])
const linkLocal = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0)

it('a machine sends from its own MAC address', () => {
  expect(judge(ethernet(everyone, me.mac, 0x1234, Buffer.alloc(50)))).toBe(null)
  expect(judge(ethernet(everyone, other.mac, 0x1234, Buffer.alloc(50)))).toBe('mac')
  expect(judge(ethernet(everyone, everyone, 0x1234, Buffer.alloc(50)))).toBe('mac')
})

it('a machine sends from its own IPv4 address, or none while it has none', () => {
  expect(judge(v4(me.ipv4))).toBe(null)
  expect(judge(v4(other.ipv4))).toBe('ipv4')
  expect(judge(v4(0, 17, udp(68, 67)))).toBe(null)
  expect(judge(v4(0, 2))).toBe(null)
  for (const [protocol, payload] of [[6], [1], [17, udp(5000, 53)]] as const)
    expect(judge(v4(0, protocol, payload))).toBe('ipv4')
})

it('it answers ARP for itself alone', () => {
  const say = (packet: Buffer) => judge(ethernet(everyone, me.mac, 0x0806, packet))
  expect(say(arp(me.mac, me.ipv4, other.ipv4))).toBe(null)
  expect(say(arp(me.mac, me.ipv4, me.ipv4))).toBe(null)
  expect(say(arp(me.mac, other.ipv4, 0, 2))).toBe('arp')
  expect(say(arp(other.mac, me.ipv4, other.ipv4))).toBe('arp')
  expect(say(arp(other.mac, me.ipv4, 0, 2))).toBe('arp')
})

it('it looks whether its own address is free, and claims no other by that', () => {
  const say = (packet: Buffer) => judge(ethernet(everyone, me.mac, 0x0806, packet))
  expect(say(arp(me.mac, 0, me.ipv4))).toBe(null)
  expect(say(arp(me.mac, 0, other.ipv4))).toBe('arp')
  expect(say(arp(me.mac, 0, me.ipv4, 2))).toBe('arp')
  const shifted = arp(me.mac, 0, me.ipv4)
  shifted[4] = 8
  expect(say(shifted)).toBe('malformed')
})

it('a tag changes nothing: what is behind it is looked at too', () => {
  const tagged = (frame: Buffer) =>
    Buffer.concat([frame.subarray(0, 12), Buffer.from([0x81, 0, 0, 5]), frame.subarray(12)])
  expect(judge(tagged(v4(me.ipv4)))).toBe(null)
  expect(judge(tagged(tagged(v4(other.ipv4))))).toBe('ipv4')
  expect(judge(tagged(tagged(tagged(v4(me.ipv4)))))).toBe('malformed')
})

it('it is not a DHCP server, and asks one as it likes', () => {
  expect(judge(v4(me.ipv4, 17, udp(67)))).toBe('dhcp')
  expect(judge(v4(me.ipv4, 17, udp(12345, 68)))).toBe('dhcp')
  expect(judge(v4(0, 17, udp(68, 67)))).toBe(null)
  expect(judge(v6(address(linkLocal, interfaceId(me.mac)), 17, Buffer.from([2, 35, 0, 0, 0, 8, 0, 0])))).toBe(
    'dhcp',
  )
})

it('IPv6: its own addresses, and such as are made from no machine’s MAC address', () => {
  const random = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  expect(judge(v6(new Uint8Array(16)))).toBe('ipv6')
  for (const prefix of [linkLocal, me.ipv6Prefix]) {
    expect(judge(v6(address(prefix, interfaceId(me.mac))))).toBe(null)
    expect(judge(v6(address(prefix, random)))).toBe(null)
    expect(judge(v6(address(prefix, interfaceId(mac(2)))))).toBe('ipv6')
    expect(judge(v6(address(prefix, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1))))).toBe('ipv6')
  }
  expect(judge(v6(address(Uint8Array.of(0x20, 1, 0, 0, 0, 0, 0, 0), random)))).toBe('ipv6')
})

it('it is not a router and answers solicitations for itself alone, behind extension headers too', () => {
  const mine = address(linkLocal, interfaceId(me.mac))
  const icmp = (type: number, target = mine) =>
    Buffer.concat([Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]), target])
  expect(judge(v6(mine, 58, icmp(134)))).toBe('router')
  expect(judge(v6(mine, 58, icmp(137)))).toBe('router')
  expect(judge(v6(mine, 58, icmp(136)))).toBe(null)
  expect(judge(v6(mine, 58, icmp(136, address(linkLocal, interfaceId(mac(2))))))).toBe('arp')
  const hidden = Buffer.concat([Buffer.from([58, 0, 0, 0, 0, 0, 0, 0]), icmp(134)])
  expect(judge(v6(mine, 60, hidden))).toBe('router')
  const endless = Buffer.alloc(200)
  for (let at = 0; at < 200; at += 8) endless[at] = 60
  expect(judge(v6(mine, 60, endless))).toBe('malformed')
})

it('IPv6: from no address it looks whether its own is free, and joins groups; it tells its own MAC address', () => {
  const unspecified = new Uint8Array(16)
  const mine = address(linkLocal, interfaceId(me.mac))
  const theirs = address(me.ipv6Prefix, interfaceId(mac(2)))
  const random = address(me.ipv6Prefix, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
  const icmp = (type: number, target: Uint8Array, ...options: Uint8Array[]) =>
    Buffer.concat([Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]), target, ...options])
  const linkAddress = (kind: number, of: Uint8Array) => Uint8Array.of(kind, 1, ...of)
  for (const target of [mine, random]) expect(judge(v6(unspecified, 58, icmp(135, target)))).toBe(null)
  for (const target of [theirs, unspecified]) {
    expect(judge(v6(unspecified, 58, icmp(135, target)))).toBe('arp')
    expect(judge(v6(mine, 58, icmp(136, target)))).toBe('arp')
  }
  expect(judge(v6(mine, 58, icmp(135, theirs, linkAddress(1, me.mac))))).toBe(null)
  expect(judge(v6(mine, 58, icmp(135, theirs, linkAddress(1, other.mac))))).toBe('arp')
  expect(judge(v6(mine, 58, icmp(136, mine, linkAddress(2, me.mac))))).toBe(null)
  expect(judge(v6(mine, 58, icmp(136, mine, linkAddress(2, other.mac))))).toBe('arp')
  expect(judge(v6(mine, 58, icmp(136, mine, Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0))))).toBe('malformed')
  const routers = Buffer.from([133, 0, 0, 0, 0, 0, 0, 0])
  expect(judge(v6(unspecified, 58, routers))).toBe(null)
  const report = Buffer.concat([
    Buffer.from([58, 0, 5, 2, 0, 0, 1, 0]),
    Buffer.from([143, 0, 0, 0, 0, 0, 0, 0]),
  ])
  expect(judge(v6(unspecified, 0, report))).toBe(null)
  expect(judge(v6(unspecified, 58, icmp(128, mine)))).toBe('ipv6')
  expect(judge(Buffer.concat([v6(unspecified, 58, routers), Buffer.alloc(9)]))).toBe(null)
})

it('what is cut short is refused, and what is not a frame never throws', () => {
  for (const whole of [v4(me.ipv4), ethernet(everyone, me.mac, 0x0806, arp(me.mac, me.ipv4, 1))])
    expect(judge(whole.subarray(0, 20))).toBe('malformed')
  expect(judge(Buffer.alloc(13))).toBe('runt')
  const from = fc.constantFrom(
    v4(me.ipv4, 17, udp(68)),
    v6(address(linkLocal, interfaceId(me.mac)), 60, Buffer.alloc(64)),
    v6(new Uint8Array(16), 58, Buffer.concat([Buffer.from([135]), Buffer.alloc(39, 1)])),
    ethernet(everyone, me.mac, 0x0806, arp(me.mac, 0, me.ipv4)),
  )
  fc.assert(
    fc.property(from, fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat(255))), (frame, length, changes) => {
      const bytes = Buffer.from(frame)
      for (const [at, value] of changes) bytes[at % bytes.length] = value
      judge(bytes.subarray(0, length % (bytes.length + 1)))
    }),
  )
})
