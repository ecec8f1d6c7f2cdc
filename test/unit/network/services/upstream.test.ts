import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { encodeName } from '../../../../src/network/services/dns-name.ts'
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
  return upstream.ask(machine, query, query)
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
