import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { encodeName } from '../../../../src/lib/wire/dns-name.ts'
import { Upstream } from '../../../../src/network/services/upstream.ts'

/** A server on loopback that answers when it is told to. */
let server: Socket
let asked: { query: Buffer; from: RemoteInfo }[]
let upstream: Upstream
beforeEach(async () => {
  asked = []
  server = createSocket('udp4')
  server.on('message', (query, from) => asked.push({ query, from }))
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  upstream = new Upstream(async () => [`127.0.0.1#${port}`])
})
afterEach(() => server.close())

const question = (name: string) =>
  Buffer.concat([
    Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    encodeName(name),
    Buffer.from([0, 1, 0, 1]),
  ])
const ask = (machine: string, name = 'example.org') => {
  const query = question(name)
  return upstream.ask({ machine, query, head: query, over: 'udp' })
}
const reply = (
  { query, from }: (typeof asked)[number],
  change: (answer: Buffer) => void = () => undefined,
) => {
  const answer = Buffer.from(query)
  answer[2] = 0x81
  change(answer)
  server.send(answer, from.port, from.address)
}
async function arrived(count: number): Promise<void> {
  while (asked.length < count) await once(server, 'message')
}

it('gives back the server’s answer with the id of the query, and takes no forged one for it', async () => {
  const answer = ask('web')
  await arrived(1)
  const [first] = asked
  if (first === undefined) throw new Error('not asked')
  reply(first, (forged) => forged.writeUInt16BE((forged.readUInt16BE(0) + 1) & 0xffff, 0))
  reply(first, (forged) => forged.write('EXAMPLE', 13, 'latin1'))
  reply(first, (echoed) => echoed.writeUInt8(1, 2))
  reply(first, (good) => good.writeUInt16BE(0x8180, 2))
  const got = await answer
  expect(got?.readUInt16BE(0)).toBe(7)
  expect(got?.readUInt16BE(2)).toBe(0x8180)
})

it('a machine that asks and asks has its share of what is open, and the others theirs', async () => {
  const flood = Array.from({ length: 20 }, () => ask('greedy'))
  expect(await Promise.race([...flood.slice(16), ask('web').then(() => 'other')])).toBe(null)
  await arrived(17)
  for (const each of asked) reply(each)
  expect((await Promise.all(flood)).filter((answer) => answer !== null)).toHaveLength(16)
})

it('is open for a machine that asks little, also where many ask much', async () => {
  const floods = Array.from({ length: 10 }, (_, n) => Array.from({ length: 20 }, () => ask(`greedy${n}`)))
  const modest = [ask('web'), ask('web'), ask('web')]
  // 128 by eight of them, two by each of the other two, and two of the modest one.
  await arrived(134)
  for (const each of asked) reply(each)
  const answered = async (asks: Promise<Buffer | null>[]) =>
    (await Promise.all(asks)).filter((answer) => answer !== null).length
  expect(await Promise.all(floods.map(answered))).toEqual([16, 16, 16, 16, 16, 16, 16, 16, 2, 2])
  expect(await answered(modest)).toBe(2)
})

/** A DNS server that gives the same code to every question; what is asked after it is counted. */
async function serverThatSays(rcode: number | null): Promise<{ at: string; asked: () => number }> {
  const one = createSocket('udp4')
  let count = 0
  one.on('message', (query, from) => {
    count += 1
    if (rcode === null) return
    const answer = Buffer.from(query)
    answer.writeUInt16BE(0x8180 | rcode, 2)
    one.send(answer, from.port, from.address)
  })
  one.bind(0, '127.0.0.1')
  await once(one, 'listening')
  onTestFinished(() => void one.close())
  return { at: `127.0.0.1#${one.address().port}`, asked: () => count }
}

const names = { good: 0, failed: 2, noSuchName: 3, notImplemented: 4, refused: 5 } as const
const code = (answer: Buffer | null) => (answer === null ? null : (answer[3] ?? 0) & 15)

describe('the next server is asked', () => {
  it.each([
    ['failed', 'good', 'noSuchName'],
    ['refused', 'good', 'good'],
    ['notImplemented', 'noSuchName', 'good'],
  ] as const)('after %s', async (...said) => {
    const servers = await Promise.all(said.map((word) => serverThatSays(names[word])))
    const several = new Upstream(async () => servers.map(({ at }) => at))
    const query = question('example.org')
    expect(code(await several.ask({ machine: 'web', query, head: query, over: 'udp' }))).toBe(names[said[1]])
    expect(servers.map(({ asked }) => asked())).toEqual([1, 1, 0])
  })

  it('up to the third, and what the first said is the answer where none knows more', async () => {
    const said = ['refused', 'failed', 'failed', 'good'] as const
    const servers = await Promise.all(said.map((word) => serverThatSays(names[word])))
    const several = new Upstream(async () => servers.map(({ at }) => at))
    const query = question('example.org')
    expect(code(await several.ask({ machine: 'web', query, head: query, over: 'udp' }))).toBe(names.refused)
    expect(servers.map(({ asked }) => asked())).toEqual([1, 1, 1, 0])
  })

  it('also after a silent one', async () => {
    const servers = [await serverThatSays(null), await serverThatSays(0)]
    const several = new Upstream(async () => servers.map(({ at }) => at))
    const query = question('example.org')
    expect(code(await several.ask({ machine: 'web', query, head: query, over: 'udp' }))).toBe(0)
  })
})

it('asks by TCP what was asked by TCP, and takes an answer that no datagram holds', async () => {
  const tcp = createServer((socket) => {
    socket.once('data', (bytes) => {
      const answer = Buffer.concat([bytes.subarray(2), Buffer.alloc(4000, 'x')])
      answer[2] = 0x81
      const whole = Buffer.concat([Buffer.of(answer.length >> 8, answer.length & 255), answer])
      socket.write(whole.subarray(0, 1))
      setTimeout(() => socket.write(whole.subarray(1)), 5)
    })
  })
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  onTestFinished(() => void tcp.close())
  const over = new Upstream(async () => [`127.0.0.1#${(tcp.address() as AddressInfo).port}`])
  const query = question('example.org')
  const answer = await over.ask({ machine: 'web', query, head: query, over: 'tcp' })
  expect(answer?.length).toBe(query.length + 4000)
  expect(answer?.readUInt16BE(0)).toBe(7)
})
