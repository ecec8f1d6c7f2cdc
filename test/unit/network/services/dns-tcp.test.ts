import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { encodeTcp, flag, parseTcp, type TcpSegment } from '../../../../src/lib/wire/tcp.ts'
import { DnsOverTcp } from '../../../../src/network/services/dns-tcp.ts'

/** Asks with a client that takes what comes in order and acknowledges it; `loses` drops segments to it. */
class Client {
  heard = Buffer.alloc(0)
  ended = false
  reset = false
  segments: TcpSegment[] = []
  #next = 1001
  #expected = 0
  readonly #server: DnsOverTcp
  readonly #loses: (index: number) => boolean
  readonly #window: number
  readonly port: number

  constructor(
    server: DnsOverTcp,
    { port = 4000, loses = (_: number): boolean => false, window = 64_000 } = {},
  ) {
    this.#server = server
    this.#loses = loses
    this.#window = window
    this.port = port
    this.#send(flag.syn, new Uint8Array(0), 1000)
  }

  say(bytes: Uint8Array, flags = flag.ack | flag.psh): void {
    this.#send(flags, bytes, this.#next)
    this.#next += bytes.length + (flags & flag.fin ? 1 : 0)
  }

  #send(flags: number, data: Uint8Array, sequence: number): void {
    const segment = {
      from: this.port,
      to: 53,
      sequence,
      acknowledgement: this.#expected,
      flags,
      window: this.#window,
      data,
    }
    const parsed = parseTcp(encodeTcp(segment, new Uint8Array(8)))
    if (parsed === null) throw new Error('no segment')
    this.#server.receive({ machine: 'web', source: 1 }, parsed, (back) => this.#take(back))
  }

  #take(segment: TcpSegment): void {
    this.segments.push(segment)
    if (this.#loses(this.segments.length - 1)) return
    if (segment.flags & flag.rst) this.reset = true
    else if (segment.flags & flag.syn) this.#expected = (segment.sequence + 1) >>> 0
    else if (segment.sequence === this.#expected) {
      this.heard = Buffer.concat([this.heard, segment.data])
      this.#expected = (this.#expected + segment.data.length) >>> 0
      if (segment.flags & flag.fin) {
        this.ended = true
        this.#expected = (this.#expected + 1) >>> 0
      }
    }
    const says = segment.data.length > 0 || segment.flags & (flag.syn | flag.fin)
    if (says && !this.reset) setImmediate(() => this.#send(flag.ack, new Uint8Array(0), this.#next))
  }
}

const framed = (text: string) =>
  Buffer.concat([Buffer.of(text.length >> 8, text.length & 255), Buffer.from(text)])
const echo = async (_: string, question: Buffer) => Buffer.concat([question, Buffer.from('!')])
const heard = (client: Client, text: string) =>
  vi.waitFor(() => expect(client.heard.subarray(2).toString()).toBe(text), { timeout: 10_000 })

describe('DNS over TCP', () => {
  it('answers a question, and ends when the client has', async () => {
    const client = new Client(new DnsOverTcp(echo))
    client.say(framed('who'))
    await heard(client, 'who!')
    client.say(new Uint8Array(0), flag.ack | flag.fin)
    await vi.waitFor(() => expect(client.ended).toBe(true))
  })

  it('answers a client that has said all at once', async () => {
    const client = new Client(new DnsOverTcp(echo))
    client.say(framed('who'), flag.ack | flag.fin)
    await heard(client, 'who!')
    await vi.waitFor(() => expect(client.ended).toBe(true))
  })

  it('takes a question byte by byte, and several in one segment', async () => {
    const client = new Client(new DnsOverTcp(echo))
    for (const byte of framed('who')) client.say(Uint8Array.of(byte))
    await heard(client, 'who!')
    const other = new Client(new DnsOverTcp(echo), { port: 4001 })
    other.say(Buffer.concat([framed('a'), framed('b')]))
    await heard(other, 'a!\0\x02b!')
  })

  it('sends an answer of 60,000 bytes in segments that fit, also where every third is lost', async () => {
    const long = 'x'.repeat(60_000)
    const client = new Client(new DnsOverTcp(async () => Buffer.from(long)), {
      loses: (index) => index % 3 === 2 && index < 60,
    })
    client.say(framed('who'))
    await heard(client, long)
    expect(Math.max(...client.segments.map(({ data }) => data.length))).toBeLessThanOrEqual(1460)
  })

  it('sends no more than the client has room for', async () => {
    const client = new Client(new DnsOverTcp(async () => Buffer.alloc(5000, 'x')), { window: 1000 })
    client.say(framed('who'))
    await heard(client, 'x'.repeat(5000))
    expect(Math.max(...client.segments.map(({ data }) => data.length))).toBeLessThanOrEqual(1000)
  })

  it('resets a connection whose question is longer than any, and one that gets no answer', async () => {
    const client = new Client(new DnsOverTcp(echo))
    client.say(Buffer.of(0xff, 0xff))
    await vi.waitFor(() => expect(client.reset).toBe(true))
    const silent = new Client(new DnsOverTcp(async () => null))
    silent.say(framed('who'))
    await vi.waitFor(() => expect(silent.reset).toBe(true))
  })

  it('refuses the ninth connection of a machine', async () => {
    const server = new DnsOverTcp(echo)
    const clients = Array.from({ length: 9 }, (_, index) => new Client(server, { port: 4000 + index }))
    await vi.waitFor(() => expect(clients.map(({ reset }) => reset)).toEqual([...Array(8).fill(false), true]))
  })

  it('takes any segments without a throw', () => {
    const segment = fc.record({
      from: fc.constantFrom(4000, 4001),
      to: fc.constant(53),
      sequence: fc.oneof(fc.constantFrom(1000, 1001, 1002), fc.nat(0xffffffff)),
      acknowledgement: fc.nat(0xffffffff),
      flags: fc.nat(63),
      window: fc.nat(0xffff),
      data: fc.uint8Array({ maxLength: 40 }),
    })
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 30 }), (segments) => {
        const server = new DnsOverTcp(echo)
        for (const each of segments) server.receive({ machine: 'web', source: 1 }, each, () => undefined)
      }),
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void parseTcp(Buffer.from(bytes))))
  })
})
