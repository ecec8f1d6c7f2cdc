import { expect, it } from 'vitest'
import { withCopies } from '../../../src/manifest/copies.ts'
import type { Manifest, Network } from '../../../src/manifest/index.ts'
import { aMachine } from '../../helpers/model.ts'

const place = { file: '/shop/posada.yaml', line: 1, column: 1 }
const back: Network = {
  ...{ name: 'back', subnet: '10.40.0.0/29', ipv6: 'fd00:1:2:3::/64', isolated: false, guard: true, seed: 0 },
  ...{ conditions: {}, links: [], place },
}
const attached = (number: number) => ({
  ...{
    network: 'back',
    ipv4: `10.40.0.${number}`,
    ipv6: `fd00::${number}`,
    mac: `52:54:00:00:00:0${number}`,
  },
})
const port = {
  protocol: 'tcp' as const,
  hostAddress: '127.0.0.1',
  hostPort: 8080,
  guestPort: 80,
  auto: false,
  item: 0,
}
const manifest: Manifest = {
  ...{ file: place.file, root: '/shop', name: 'shop', catalogues: [], boxes: {}, networks: [back] },
  machines: [
    aMachine({ name: 'db', networks: [attached(2)] }),
    aMachine({ name: 'web', networks: [attached(3)], dependsOn: ['db'], ports: [port] }),
  ],
}

it('is what its original is, with addresses and ports that no other machine has', () => {
  const { machines } = withCopies(manifest, [
    { name: 'web-b', of: 'web' },
    { name: 'web-c', of: 'web-b' },
  ])
  expect(machines.map(({ name }) => name)).toEqual(['db', 'web', 'web-b', 'web-c'])
  const copy = machines[2]
  expect(copy).toMatchObject({
    group: 'web-b',
    dependsOn: ['db'],
    ports: [{ hostPort: 0, auto: true, guestPort: 80 }],
  })
  for (const fact of ['ipv4', 'ipv6', 'mac'] as const)
    expect(new Set(machines.map(({ networks }) => networks[0]?.[fact])).size).toBe(4)
})

it('leaves out one whose original is gone, and one for which there is no address', () => {
  const copies = ['a', 'b', 'c', 'd'].map((name) => ({ name, of: 'web' }))
  const { machines } = withCopies(manifest, [{ name: 'lost', of: 'gone' }, ...copies])
  expect(machines.map(({ name }) => name)).toEqual(['db', 'web', 'a', 'b', 'c'])
})
