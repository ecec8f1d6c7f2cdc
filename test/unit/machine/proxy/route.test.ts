import { expect, it } from 'vitest'
import { routeTo } from '../../../../src/machine/proxy/route.ts'
import { exampleNetworks } from '../../../helpers/networks.ts'

const machines = ['web', 'db', 'lonely', 'off']

it.each([
  ['web', ['web'], '10.40.0.2'],
  ['WEB.Shop.Internal.', ['web'], '10.40.0.2'],
  ['10.40.0.3', ['db'], '10.40.0.3'],
  ['fd00:1:2:3:5054:ff:fe00:3', ['db'], 'fd00:1:2:3:5054:ff:fe00:3'],
  ['fd00:1:2:3::77', ['web', 'db'], 'fd00:1:2:3::77'],
  ['10.40.0.77', ['web', 'db'], '10.40.0.77'],
  ['10.40.1.2', ['lonely'], '10.40.1.2'],
  ['off', ['off'], 'localhost'],
])('%s is reached from %j at %s', (host, from, address) => {
  expect(routeTo(exampleNetworks(), machines, host)).toEqual({ machines: from, host: address })
})

it.each([
  'example.com',
  'web.example.com',
  'web.shop.internal.example.com',
  'web.other.internal',
  'localhost',
  '127.0.0.1',
  '::1',
  '10.41.0.3',
  '::ffff:10.40.0.3',
  '0x0a280003',
  '10.40.3',
  '169.254.169.254',
  '',
])('%s is not a place of the project', (host) => {
  expect(routeTo(exampleNetworks(), machines, host)).toBe(null)
})
