import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { parseIpv4, parseIpv6 } from '../../../../src/lib/net/ip.ts'
import { checksum, pseudoHeader } from '../../../../src/lib/wire/checksum.ts'
import { encodeName } from '../../../../src/lib/wire/dns-name.ts'
import { macNumber } from '../../../../src/lib/wire/ethernet.ts'
import {
  ipv4Addresses,
  ipv4Frame,
  ipv6Frame,
  parseIpv4Packet,
  parseUdp,
  udpDatagram,
} from '../../../../src/lib/wire/packet.ts'
import { interfaceId } from '../../../../src/network/link/guard-ipv6.ts'
import { Names } from '../../../../src/network/services/names.ts'
import { linkLocal } from '../../../../src/network/services/neighbours.ts'
import { Services, servicesMac } from '../../../../src/network/services/services.ts'
import { arp, ethernet, everyone, mac } from '../../../helpers/frames.ts'
import { exampleNetworks } from '../../../helpers/networks.ts'

const server = parseIpv4('10.40.0.1') ?? 0
const web = parseIpv4('10.40.0.2') ?? 0
const prefix = Uint8Array.of(0xfd, 0, 0, 1, 0, 2, 0, 3)
const host = {
  mac: servicesMac,
  ipv4: server,
  ipv6: Uint8Array.of(...prefix, 0, 0, 0, 0, 0, 0, 0, 1),
  prefix,
}

let asked: Buffer[] = []
beforeEach(() => {
  asked = []
})

function services() {
  return new Services({
    network: 'back',
    host,
    reservations: {
      subnet: { base: server - 1, prefix: 24 },
      server,
      domain: 'shop.internal',
      machines: new Map([[macNumber(mac(2), 0), { name: 'web', ipv4: web }]]),
    },
    resolver: {
      names: new Names(exampleNetworks()),
      upstream: async ({ query }) => {
        asked.push(query)
        return Buffer.concat([query, Buffer.from('from upstream')])
      },
    },
  })
}

async function ask(frame: Buffer, machine = 'web'): Promise<Buffer[]> {
  const replies: Buffer[] = []
  services().receive(machine, frame, (reply) => replies.push(reply))
  await new Promise((resolve) => setImmediate(resolve))
  return replies
}

const udp = (from: number, to: number, data: Buffer, [source, target] = [web, server]) => {
  const addresses = ipv4Addresses(source, target)
  const where = { fromMac: mac(2), toMac: servicesMac, from: source, to: target }
  return ipv4Frame(where, 17, udpDatagram({ from, to }, addresses, data))
}

/** The datagram in a reply, after a look at its checksums. */
function datagramIn(frame: Buffer | undefined) {
  const packet = frame === undefined ? null : parseIpv4Packet(frame)
  if (packet === null || frame === undefined) throw new Error('no packet')
  expect(checksum(frame.subarray(14, 34))).toBe(0)
  const sum = pseudoHeader(ipv4Addresses(packet.source, packet.target), 17, packet.payload.length)
  expect(checksum(packet.payload, sum)).toBe(0)
  const datagram = parseUdp(packet.payload)
  if (datagram === null) throw new Error('no datagram')
  return { ...packet, ...datagram, toMac: frame.subarray(0, 6) }
}

it('answers ARP for its own address', async () => {
  const question = ethernet(everyone, mac(2), 0x0806, arp(mac(2), web, server))
  const [reply] = await ask(question)
  expect(reply).toEqual(
    ethernet(
      mac(2),
      servicesMac,
      0x0806,
      Buffer.concat([
        arp(servicesMac, server, web, 2).subarray(0, 18),
        mac(2),
        arp(mac(2), 0, web).subarray(24),
      ]),
    ),
  )
  expect(await ask(ethernet(everyone, mac(2), 0x0806, arp(mac(2), web, server + 5)))).toEqual([])
})

it('answers an echo, and a TCP connection with a refusal', async () => {
  const echo = Buffer.from([8, 0, 0, 0, 1, 2, 0, 3, 9, 9, 9])
  echo.writeUInt16BE(checksum(echo), 2)
  const where = { fromMac: mac(2), toMac: servicesMac, from: web, to: server }
  const [reply] = await ask(ipv4Frame(where, 1, echo))
  const payload = reply === undefined ? null : parseIpv4Packet(reply)?.payload
  expect(payload?.[0]).toBe(0)
  expect(payload?.subarray(4)).toEqual(echo.subarray(4))
  const syn = Buffer.alloc(20)
  syn.writeUInt16BE(40000, 0)
  syn.writeUInt16BE(80, 2)
  syn.writeUInt32BE(0xffffffff, 4)
  syn.set([0x50, 2], 12)
  const [reset] = await ask(ipv4Frame(where, 6, syn))
  const segment = reset === undefined ? null : parseIpv4Packet(reset)?.payload
  expect([
    segment?.readUInt16BE(0),
    segment?.readUInt16BE(2),
    segment?.readUInt32BE(8),
    segment?.[13],
  ]).toEqual([80, 40000, 0, 0x14])
})

describe('IPv6', () => {
  const me = Uint8Array.of(...prefix, ...interfaceId(mac(2)))
  const icmp = (from: Uint8Array, to: Uint8Array, message: Buffer) => {
    const sum = pseudoHeader(Buffer.concat([from, to]), 58, message.length)
    message.writeUInt16BE(checksum(message, sum), 2)
    return ipv6Frame({ fromMac: mac(2), toMac: servicesMac, from, to }, 58, message)
  }
  const check = (frame: Buffer | undefined) => {
    if (frame === undefined) throw new Error('no reply')
    const message = frame.subarray(54)
    expect(checksum(message, pseudoHeader(frame.subarray(22, 54), 58, message.length))).toBe(0)
    return { from: frame.subarray(22, 38), to: frame.subarray(38, 54), message }
  }

  it('tells the prefix to whoever asks for a router, and that it is not a way out', async () => {
    const all = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2)
    const { from, message } = check(
      (await ask(icmp(new Uint8Array(16), all, Buffer.from([133, 0, 0, 0, 0, 0, 0, 0]))))[0],
    )
    expect(Uint8Array.from(from)).toEqual(linkLocal)
    expect([message[0], message.readUInt16BE(6), message[26], message[27]]).toEqual([134, 0, 64, 0xc0])
    expect(Uint8Array.from(message.subarray(40, 48))).toEqual(prefix)
  })

  it('is found by its neighbours at both of its addresses, and answers an echo', async () => {
    for (const target of [host.ipv6, linkLocal]) {
      const { message } = check(
        (await ask(icmp(me, target, Buffer.concat([Buffer.from([135, 0, 0, 0, 0, 0, 0, 0]), target]))))[0],
      )
      expect([message[0], message[4]]).toEqual([136, 0x60])
      expect(Uint8Array.from(message.subarray(26, 32))).toEqual(servicesMac)
    }
    const { message, from } = check(
      (await ask(icmp(me, host.ipv6, Buffer.from([128, 0, 0, 0, 0, 1, 0, 2, 7]))))[0],
    )
    expect([message[0], message[8], Uint8Array.from(from)]).toEqual([129, 7, host.ipv6])
    expect(await ask(icmp(me, me, Buffer.concat([Buffer.from([135, 0, 0, 0, 0, 0, 0, 0]), me])))).toEqual([])
  })
})

describe('DHCP', () => {
  const request = (type: number, options: number[] = [], from = mac(2), flags = 0) => {
    const fixed = Buffer.alloc(240)
    fixed.set([1, 1, 6, 0, 0xca, 0xfe, 0xba, 0xbe], 0)
    fixed.writeUInt16BE(flags, 10)
    fixed.set(from, 28)
    fixed.writeUInt32BE(0x63825363, 236)
    return udp(68, 67, Buffer.concat([fixed, Buffer.from([53, 1, type, ...options, 255])]), [0, 0xffffffff])
  }
  const optionsIn = (data: Buffer) => {
    const found = new Map<number, Buffer>()
    for (let at = 240; data[at] !== 255 && at < data.length; at += 2 + (data[at + 1] ?? 0))
      found.set(data[at] ?? 0, data.subarray(at + 2, at + 2 + (data[at + 1] ?? 0)))
    return found
  }
  const bytes = (...values: number[]) => Buffer.from(values)

  it('gives a machine the address that is its own, names, and no way out', async () => {
    for (const [type, answer] of [
      [1, 2],
      [3, 5],
    ] as const) {
      const reply = datagramIn(
        (await ask(request(type, type === 3 ? [50, 4, 10, 40, 0, 2, 54, 4, 10, 40, 0, 1] : [])))[0],
      )
      expect([reply.from, reply.to, reply.target]).toEqual([67, 68, web])
      expect(reply.data.subarray(16, 20)).toEqual(bytes(10, 40, 0, 2))
      const options = optionsIn(reply.data)
      expect(options.get(53)).toEqual(bytes(answer))
      expect(options.get(1)).toEqual(bytes(255, 255, 255, 0))
      expect(options.get(6)).toEqual(bytes(10, 40, 0, 1))
      expect(options.get(12)?.toString()).toBe('web')
      expect(options.get(15)?.toString()).toBe('shop.internal')
      expect(options.get(119)).toEqual(encodeName('shop.internal'))
      expect(options.has(3)).toBe(false)
    }
  })

  it('speaks by broadcast where it is asked to, and refuses another address than its own', async () => {
    const offer = datagramIn((await ask(request(1, [], mac(2), 0x8000)))[0])
    expect([offer.target, Uint8Array.from(offer.toMac)]).toEqual([0xffffffff, everyone])
    const refusal = datagramIn((await ask(request(3, [50, 4, 10, 40, 0, 9])))[0])
    expect(optionsIn(refusal.data).get(53)).toEqual(bytes(6))
  })

  it('gives nothing to whoever is not known, however often it asks, nor to another server’s client', async () => {
    for (let n = 3; n < 200; n++) expect(await ask(request(1, [], mac(n)))).toEqual([])
    expect(await ask(request(3, [50, 4, 10, 40, 0, 2, 54, 4, 10, 40, 0, 77]))).toEqual([])
    for (const type of [2, 4, 5, 6, 7, 9]) expect(await ask(request(type))).toEqual([])
  })
})

describe('DNS', () => {
  const question = (name: string, type = 1, extra = Buffer.alloc(0)) => {
    const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, extra.length === 0 ? 0 : 1])
    return Buffer.concat([header, encodeName(name), Buffer.from([0, type, 0, 1]), extra])
  }
  const resolve = async (name: string, type = 1, machine = 'web') => {
    const [reply] = await ask(udp(5000, 53, question(name, type)), machine)
    const { data, to } = datagramIn(reply)
    expect([data.readUInt16BE(0), to]).toEqual([0x1234, 5000])
    const answers = data.subarray(question(name, type).length)
    return { code: (data[3] ?? 0) & 15, count: data.readUInt16BE(6), answers }
  }

  it('knows the machines with which the asker shares a network, by both of their names', async () => {
    for (const name of ['db', 'DB', 'db.shop.internal']) {
      const { code, count, answers } = await resolve(name)
      expect([code, count, answers.subarray(12)]).toEqual([0, 1, Buffer.from([10, 40, 0, 3])])
    }
    const six = await resolve('db', 28)
    expect(Uint8Array.from(six.answers.subarray(12))).toEqual(parseIpv6('fd00:1:2:3:5054:ff:fe00:3'))
    expect(await resolve('db', 15)).toMatchObject({ code: 0, count: 0 })
    expect(await resolve('lonely')).toMatchObject({ code: 3 })
    expect(await resolve('nobody')).toMatchObject({ code: 3 })
    expect(await resolve('a.db.shop.internal')).toMatchObject({ code: 3 })
    expect(asked).toEqual([])
  })

  it('names the one that has an address', async () => {
    const { answers } = await resolve('3.0.40.10.in-addr.arpa', 12)
    expect(answers.subarray(12)).toEqual(encodeName('db.shop.internal'))
    const hex = Buffer.from(parseIpv6('fd00:1:2:3:5054:ff:fe00:3') ?? []).toString('hex')
    const six = await resolve(`${hex.split('').reverse().join('.')}.ip6.arpa`, 12)
    expect(six.answers.subarray(12)).toEqual(encodeName('db.shop.internal'))
    expect(await resolve('200.0.40.10.in-addr.arpa', 12)).toMatchObject({ code: 3 })
    expect(asked).toEqual([])
  })

  it('asks upstream for the rest, except for a machine whose networks are all isolated', async () => {
    const [reply] = await ask(udp(5000, 53, question('example.org')))
    expect(datagramIn(reply).data.toString('latin1')).toContain('from upstream')
    expect(asked).toHaveLength(1)
    expect(await resolve('example.org', 1, 'lonely')).toMatchObject({ code: 3 })
    expect(asked).toHaveLength(1)
  })
})

it('whatever a guest sends, nothing is thrown', async () => {
  const valid = udp(
    5000,
    53,
    Buffer.concat([
      Buffer.from([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
      encodeName('db'),
      Buffer.from([0, 1, 0, 1]),
    ]),
  )
  const frames = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(valid),
  )
  await fc.assert(
    fc.asyncProperty(
      frames,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
      fc.nat(),
      async (frame, changes, length) => {
        const bytes = Buffer.from(frame)
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value
        await ask(bytes.subarray(0, length % (bytes.length + 1)))
        await ask(bytes)
      },
    ),
  )
})
