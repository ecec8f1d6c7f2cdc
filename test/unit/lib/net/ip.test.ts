import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  contains,
  formatIpv4,
  formatIpv6,
  overlap,
  parseIpv4,
  parseIpv6,
  parseSubnet,
  sizeOf,
} from '../../../../src/lib/net/ip.ts'

it('IPv4 addresses are read and written', () => {
  expect(parseIpv4('10.40.0.1')).toBe(0x0a280001)
  expect(parseIpv4('255.255.255.255')).toBe(0xffffffff)
  for (const wrong of ['', '10.40.0', '10.40.0.256', '10.40.0.01', '10.40.0.1.2', ' 10.40.0.1', '10.40.0.-1'])
    expect(parseIpv4(wrong)).toBe(null)
  fc.assert(
    fc.property(fc.nat(0xffffffff), (address) => {
      expect(parseIpv4(formatIpv4(address))).toBe(address)
    }),
  )
})

it('networks are read, and hold what is in them', () => {
  const net = parseSubnet('10.40.0.0/22')
  expect(net).toEqual({ base: 0x0a280000, prefix: 22 })
  for (const wrong of ['10.40.0.1/24', '10.40.0.0', '10.40.0.0/33', '10.40.0.0/', 'x/24', '10.40.0.0/24/1'])
    expect(parseSubnet(wrong)).toBe(null)
  if (net === null) return
  expect(sizeOf(net)).toBe(1024)
  expect([contains(net, 0x0a2803ff), contains(net, 0x0a280400)]).toEqual([true, false])
  const other = (text: string) => parseSubnet(text) ?? net
  expect(overlap(net, other('10.40.3.0/24'))).toBe(true)
  expect(overlap(other('10.40.3.0/24'), net)).toBe(true)
  expect(overlap(net, other('10.40.4.0/24'))).toBe(false)
  expect(overlap(net, other('0.0.0.0/0'))).toBe(true)
})

it('IPv6 addresses are read, and written in their shortest form', () => {
  const short = (text: string) => formatIpv6(parseIpv6(text) ?? new Uint8Array(16))
  expect(short('fd00:0:0:0:0:0:0:1')).toBe('fd00::1')
  expect(short('2001:db8:0:1:1:1:1:1')).toBe('2001:db8:0:1:1:1:1:1')
  expect(short('1:0:0:2:0:0:0:3')).toBe('1:0:0:2::3')
  expect(short('::')).toBe('::')
  expect(short('::ffff:10.0.0.1')).toBe('::ffff:a00:1')
  for (const wrong of ['', 'fd00', 'fe80::1%eth0', '1::2::3', '10.0.0.1']) expect(parseIpv6(wrong)).toBe(null)
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      expect(parseIpv6(formatIpv6(parseIpv6(text) ?? new Uint8Array()))).toEqual(parseIpv6(text))
    }),
  )
})
