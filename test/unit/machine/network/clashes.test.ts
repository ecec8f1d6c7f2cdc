import { expect, it } from 'vitest'
import { clashesWith, parseRoutes } from '../../../../src/machine/network/clashes.ts'
import type { Network } from '../../../../src/manifest/index.ts'

/** A line of /proc/net/route; flags are hexadecimal: 1 up, 2 by a gateway, 200 reject. */
const line = (device: string, destination: string, mask: string, flags = '0001') =>
  [device, destination, '00000000', flags, '0', '0', '100', mask, '0', '0', '0'].join('\t')
const table = (...lines: string[]) =>
  ['Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT', ...lines, ''].join('\n')

const network = (name: string, subnet: string): Network => ({
  name,
  subnet,
  ipv6: 'fd00:1:2:3::/64',
  isolated: false,
  guard: true,
  seed: 1,
  conditions: {},
  links: [],
  place: { file: '/shop/posada.yaml', line: 3, column: 1 },
})
const backend = network('backend', '10.40.0.0/24')

it('a network clashes with a route of the host to its addresses, which is told with a free one', () => {
  const routes = parseRoutes(
    table(line('tun0', '0000280A', '0000FFFF'), line('eth0', '0001A8C0', '00FFFFFF')),
  )
  expect(routes).toEqual([
    { device: 'tun0', base: 0x0a280000, prefix: 16 },
    { device: 'eth0', base: 0xc0a80100, prefix: 24 },
  ])
  expect(clashesWith([backend, network('side', '10.41.0.0/24')], routes)).toMatchObject([
    {
      code: 'E_SUBNET_CLASH',
      message: expect.stringContaining(
        "'backend' has addresses that this host reaches through tun0 (10.40.0.0/16)",
      ),
      value: '10.40.0.0/24',
      hint: expect.stringContaining('172.30.40.0/24'),
      place: { line: 3 },
    },
  ])
})

it('default routes are none, also where a VPN writes them as halves of the address space', () => {
  const everywhere = [
    line('eth0', '00000000', '00000000', '0003'),
    line('tun0', '00000000', '00000080', '0003'),
    line('tun0', '00000080', '00000080', '0003'),
    line('wg0', '00000008', '000000F8'),
  ]
  expect(clashesWith([backend], parseRoutes(table(...everywhere)))).toEqual([])
  expect(clashesWith([backend], parseRoutes(table(line('tun0', '0000000A', '000000FF'))))).toHaveLength(1)
})

it('what the host refuses to reach, and what is not a route, is passed over', () => {
  const rest = [line('*', '0000280A', '0000FFFF', '0201'), 'nonsense', line('eth0', 'xyz', 'FFFFFFFF')]
  expect(parseRoutes(table(...rest))).toEqual([])
  expect(parseRoutes('')).toEqual([])
})
