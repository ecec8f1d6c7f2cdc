import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contains, parseIpv4, parseSubnet } from '../../../src/lib/net/ip.ts'
import { placeMembers, placeNetworks } from '../../../src/manifest/addressing.ts'
import { load } from '../../helpers/manifest.ts'

const manifest = (machines: string) => `version: 1
name: shop
networks:
  backend: {subnet: 10.40.0.0/24, isolated: true, seed: 7, conditions: {latency: 5ms, loss: 0.1%, rate: 100mbit}}
  side:
    links: [{between: [web, db], latency: 40ms, cut: true}]
defaults: {box: debian/12}
machines:
${machines}
`

describe('networks', () => {
  it('have room for their machines, also where no subnet is written', async () => {
    const many = (count: number) =>
      load(
        `version: 1\nnetworks:\n  side: {}\ndefaults: {box: debian/12}\nmachines:\n  web: {replicas: ${count}, networks: [side]}\n`,
      )
    expect((await many(253)).machines).toHaveLength(253)
    await expect(many(254)).rejects.toMatchObject({
      problems: [
        {
          code: 'E_VALUE_INVALID',
          message: expect.stringContaining('has 253 addresses'),
          place: { line: 3 },
        },
      ],
    })
  })

  it('are resolved with all their addresses', async () => {
    const { networks, machines } = await load(
      manifest(
        '  db: {networks: [{name: backend, address: 10.40.0.10}, side]}\n  web: {networks: [backend, side]}\n  alone: {}',
      ),
    )
    expect(networks).toMatchObject([
      {
        name: 'backend',
        subnet: '10.40.0.0/24',
        isolated: true,
        guard: true,
        seed: 7,
        conditions: { latency: 5, loss: 0.001, rate: 1e8 },
        links: [],
      },
      {
        name: 'side',
        isolated: false,
        conditions: {},
        links: [{ between: ['web', 'db'], conditions: { latency: 40, cut: true } }],
      },
    ])
    expect(networks[1]?.subnet).toMatch(/^10\.(6[4-9]|[789]\d|1[012]\d)\.\d+\.0\/24$/)
    const [db, web, alone] = machines
    expect(db?.networks.map(({ network, ipv4 }) => [network, ipv4])[0]).toEqual(['backend', '10.40.0.10'])
    expect(web?.networks.map(({ network }) => network)).toEqual(['backend', 'side'])
    expect(web?.networks[0]?.mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/)
    expect(web?.networks[0]?.ipv6).toMatch(/^fd.*:5054:ff:fe/)
    expect(alone?.networks).toEqual([])
  })

  it('a machine’s addresses follow from its name: others that come change nothing', async () => {
    const before = await load(
      manifest('  db: {networks: [backend, side]}\n  web: {networks: [backend, side]}'),
    )
    const after = await load(
      manifest(
        '  new: {networks: [side, backend]}\n  db: {networks: [backend, side]}\n  web: {networks: [backend, side]}',
      ),
    )
    expect(after.machines.slice(1).map(({ networks }) => networks)).toEqual(
      before.machines.map(({ networks }) => networks),
    )
  })
})

it('every machine has an address of its own inside its network, whatever is written', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 13 })
  fc.assert(
    fc.property(names, fc.nat(12), (machines, fixed) => {
      const members = machines.map((machine, index) => ({
        machine,
        address: index === 0 ? `10.1.0.${fixed + 2}` : null,
        mac: null,
      }))
      const network = { name: 'n', subnet: '10.1.0.0/28', ipv6: 'fd00::/64' }
      const placed = [...placeMembers('p', network, members).values()].map(({ ipv4 }) => ipv4)
      expect(new Set(placed).size).toBe(machines.length)
      const subnet = parseSubnet(network.subnet)
      for (const address of placed.map((text) => parseIpv4(text) ?? 0)) {
        expect(subnet !== null && contains(subnet, address)).toBe(true)
        expect([0, 1, 15]).not.toContain(address & 15)
      }
    }),
  )
})

it('a single machine is on all networks of the file, as are its replicas', async () => {
  const single = 'version: 1\nname: shop\nbox: debian/12\nnetworks: {lan: {subnet: 10.40.0.0/24}, side: {}}\n'
  const [machine] = (await load(single)).machines
  expect(machine?.networks.map(({ network }) => network)).toEqual(['lan', 'side'])
  expect(machine?.place('networks')).toMatchObject({ line: 4, column: 1 })
  const { machines } = await load(`${single}replicas: 2\n`)
  const addresses = machines.map(({ networks }) => networks[0]?.ipv4)
  expect(new Set(addresses).size).toBe(2)
  for (const address of addresses) expect(address).toMatch(/^10\.40\.0\.\d+$/)
  expect((await load('version: 1\nbox: debian/12\nnetworks: {}\n')).machines[0]?.networks).toEqual([])
})

it('networks without a subnet of their own never meet', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 60 })
  fc.assert(
    fc.property(names, (all) => {
      const placed = placeNetworks(
        'p',
        all.map((name) => ({ name, subnet: null, ipv6: null })),
      )
      expect(new Set(placed.map(({ subnet }) => subnet)).size).toBe(all.length)
    }),
  )
})
