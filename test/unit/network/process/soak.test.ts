import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { Conditions } from '../../../../src/lib/values/link-conditions.ts'
import { encodeName } from '../../../../src/lib/wire/dns-name.ts'
import { ipv4Addresses, ipv4Frame, udpDatagram } from '../../../../src/lib/wire/packet.ts'
import { Lan } from '../../../../src/network/process/lan.ts'
import { Names } from '../../../../src/network/services/names.ts'
import { servicesMac } from '../../../../src/network/services/services.ts'
import { arp, ethernet, everyone, framed, ipv6, mac, sender } from '../../../helpers/frames.ts'
import { memoryInUse } from '../../../helpers/garbage.ts'
import { until } from '../../../helpers/guest-talk.ts'
import { exampleNetwork, membersWithNics } from '../../../helpers/networks.ts'

// A million frames of all kinds through sockets, and more in process.test.ts. Some ten seconds.
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const me = sender(2)
const services = sender(1).ipv4
const udp = (to: number, data: Uint8Array, source = me.ipv4, from = 5000) => {
  const datagram = udpDatagram({ from, to }, ipv4Addresses(source, services), Buffer.from(data))
  return ipv4Frame({ fromMac: me.mac, toMac: servicesMac, from: source, to: services }, 17, datagram)
}
const query = (name: string) =>
  Buffer.concat([
    Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    encodeName(name),
    Buffer.from([0, 1, 0, 1]),
  ])
const discover = Buffer.alloc(300)
discover.set([1, 1, 6, 0])
discover.set(me.mac, 28)
discover.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255], 236)
const plain = (to: Uint8Array) => ethernet(to, me.mac, 0x88b5, Buffer.alloc(46))

/** What a guest sends that means well, and what one sends that does not. */
const traffic = [
  ...Array.from({ length: 40 }, () => plain(mac(3))),
  plain(everyone),
  plain(mac(77)),
  ethernet(mac(3), mac(9), 0x88b5, Buffer.alloc(46)),
  Buffer.alloc(5),
  Buffer.alloc(66_000),
  ethernet(mac(3), me.mac, 0x8100, Buffer.from([0, 7, 0x88, 0xb5, 1, 2])),
  ethernet(everyone, me.mac, 0x0806, arp(me.mac, me.ipv4, services)),
  ethernet(everyone, me.mac, 0x0806, arp(me.mac, sender(3).ipv4, 0, 2)),
  ethernet(mac(3), me.mac, 0x86dd, ipv6(new Uint8Array(16), 58, Buffer.from([135, 0, 0, 0]))),
  ethernet(mac(3), me.mac, 0x0800, Buffer.from([0x4f, 0, 0, 1])),
  udp(67, discover, 0, 68),
  udp(68, discover, me.ipv4, 67),
  udp(53, query('db')),
  udp(53, query('example.org')),
  udp(53, Buffer.alloc(40, 0xc0)),
]

/** The bytes by which the memory has grown with the frames that come after the first. */
async function soak(conditions: Conditions, frames: { first: number; after: number }): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'posada-soak-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const { members, nics } = await membersWithNics(folder, ['a', 'b'])
  const [a, b] = nics
  a.keeps = false
  b.keeps = false
  cleanUps.push(() => Promise.all([a.close(), b.close()]))
  const network = exampleNetwork({ members, conditions })
  const lan = new Lan(network, {
    project: 'shop',
    resolver: {
      names: new Names({ version: 1, project: 'shop', networks: [network] }),
      upstream: async () => null,
    },
    changed: () => undefined,
    refused: () => undefined,
    tap: { active: false, frame: () => undefined },
  })
  cleanUps.push(() => lan.close())
  await until('both are linked', 10_000, async () => lan.linked === 2)
  const burst = Buffer.concat(traffic.map(framed))
  const received = () => lan.status()[0]?.counters.received.frames ?? 0
  // One of the burst is longer than any frame: it is passed over and not counted.
  const counted = traffic.length - 1
  let expected = 0
  const send = async (count: number) => {
    const times = Math.ceil(count / counted)
    await a.pour(burst, times)
    expected += times * counted
    await until('all is taken', 30_000, async () => received() === expected)
    await until('nothing comes any more', 10_000, async () => {
      const before = b.count
      await new Promise((resolve) => setTimeout(resolve, 100))
      return b.count === before
    })
  }
  await send(frames.first)
  const before = memoryInUse()
  await send(frames.after)
  expect(b.count).toBeGreaterThan(frames.after / 3)
  return memoryInUse() - before
}

it('a million frames leave the memory as it was', async () => {
  expect(await soak({}, { first: 100_000, after: 1_000_000 })).toBeLessThan(2 * 1024 * 1024)
}, 60_000)

it('nor do two hundred thousand that are lost, doubled and held up', async () => {
  const conditions = { latency: 2, jitter: 1, loss: 0.05, duplicate: 0.05, reorder: 0.05 }
  expect(await soak(conditions, { first: 50_000, after: 200_000 })).toBeLessThan(2 * 1024 * 1024)
}, 60_000)
