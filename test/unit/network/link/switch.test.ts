import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameSplitter } from '../../../../src/lib/net/framing.ts'
import { Switch } from '../../../../src/network/link/switch.ts'
import { arp, ethernet, everyone, framed, mac, sender } from '../../../helpers/frames.ts'

/** A switch with machines 1 to `count` at ports 0 to count - 1, and what each was sent. */
function lan(count: number, guarded = true) {
  const heard: Buffer[][] = Array.from({ length: count }, () => [])
  const handed: number[] = []
  const lanSwitch = new Switch({
    deliver: (_from, to, { stream, frames }) => {
      handed.push(frames)
      let found = 0
      new FrameSplitter().push(stream, ({ bytes, start, end }) => {
        heard[to]?.push(Buffer.from(bytes.subarray(start, end)))
        found += 1
      })
      expect(found).toBe(frames)
    },
  })
  const ports = heard.map((_, index) => lanSwitch.addPort({ sender: sender(index + 1), guarded }))
  let now = 0
  const send = (from: number, ...frames: Uint8Array[]) => {
    now += 1
    const chunk = Buffer.concat(frames.map(framed))
    new FrameSplitter().push(chunk, (frame) => lanSwitch.receive(from, frame, now))
    lanSwitch.flush()
  }
  return { lanSwitch, heard, handed, ports, send, wait: (ms: number) => (now += ms) }
}

const plain = (to: Uint8Array, from: Uint8Array, text = 'x') =>
  ethernet(to, from, 0x88b5, Buffer.from(text.padEnd(46)))

describe('a guarded switch', () => {
  it('carries a frame to the one who has the address, unchanged, tags and all', () => {
    const { send, heard } = lan(3)
    const tagged = ethernet(
      mac(2),
      mac(1),
      0x8100,
      Buffer.concat([Buffer.from([0, 7, 0x88, 0xb5]), Buffer.alloc(9000, 3)]),
    )
    send(0, tagged)
    expect(heard).toEqual([[], [tagged], []])
  })

  it('carries broadcasts and multicasts to all but the sender', () => {
    const { send, heard } = lan(3)
    const all = plain(everyone, mac(2))
    const many = plain(Uint8Array.of(0x33, 0x33, 0, 0, 0, 1), mac(2))
    send(1, all, many)
    expect(heard).toEqual([[all, many], [], [all, many]])
  })

  it('hands on together what came together for the same machine, in order', () => {
    const { send, handed, heard } = lan(3)
    const frames = [2, 2, 2, 3, 2].map((to, index) => plain(mac(to), mac(1), String(index)))
    send(0, ...frames)
    expect(handed).toEqual([3, 1, 1])
    expect(heard[1]).toEqual([frames[0], frames[1], frames[2], frames[4]])
  })

  it('refuses frames for no port and from another sender, and counts them', () => {
    const { send, heard, lanSwitch } = lan(2)
    send(0, plain(mac(9), mac(1)), plain(mac(2), mac(9)), Buffer.alloc(5), plain(mac(1), mac(1)))
    send(0, ethernet(everyone, mac(1), 0x0806, arp(mac(1), sender(2).ipv4, 0, 2)))
    expect(heard).toEqual([[], []])
    expect(lanSwitch.counters(0)).toEqual({
      received: { frames: 5, bytes: 60 * 3 + 5 + 42 },
      sent: { frames: 0, bytes: 0 },
      dropped: { unknown: 1, mac: 1, runt: 1, arp: 1 },
    })
  })

  it('lets a burst of broadcasts pass and no storm', () => {
    const { send, heard, lanSwitch, wait } = lan(2)
    const flood = Array.from({ length: 5000 }, () => plain(everyone, mac(1)))
    wait(10_000)
    send(0, ...flood)
    expect(heard[1]).toHaveLength(2000)
    expect(lanSwitch.counters(0).dropped).toEqual({ storm: 3000 })
    send(0, plain(mac(2), mac(1)))
    expect(heard[1]).toHaveLength(2001)
    wait(1000)
    send(0, plain(everyone, mac(1)))
    expect(heard[1]).toHaveLength(2002)
  })

  it('a port that was taken out receives and sends nothing', () => {
    const { send, heard, lanSwitch, ports } = lan(3)
    lanSwitch.removePort(ports[1] ?? -1)
    send(0, plain(mac(2), mac(1)), plain(everyone, mac(1)))
    send(1, plain(mac(1), mac(2)))
    expect(heard.map((frames) => frames.length)).toEqual([0, 0, 1])
  })
})

describe('an open switch', () => {
  it('learns addresses from what is sent, floods what it does not know, and forgets in time', () => {
    const { send, heard, wait } = lan(3, false)
    send(0, plain(mac(50), mac(1)))
    expect(heard.map((frames) => frames.length)).toEqual([0, 1, 1])
    send(1, plain(mac(1), mac(50)))
    send(0, plain(mac(50), mac(1)))
    expect(heard.map((frames) => frames.length)).toEqual([1, 2, 1])
    wait(301_000)
    send(0, plain(mac(50), mac(1)))
    expect(heard.map((frames) => frames.length)).toEqual([1, 3, 2])
  })

  it('no one takes a declared address away by sending from it', () => {
    const { send, heard } = lan(3, false)
    send(2, plain(mac(1), mac(2)))
    send(0, plain(mac(2), mac(1), 'for the second'))
    expect(heard[1]).toHaveLength(1)
    expect(heard[2]).toHaveLength(0)
  })
})

it('whatever is sent, nothing is thrown, no port hears itself, and every copy was sent by one', () => {
  const address = fc.constantFrom(mac(1), mac(2), mac(3), mac(9), everyone)
  const made = fc.record({
    to: address,
    from: address,
    type: fc.constantFrom(0x0800, 0x0806, 0x86dd, 0x8100, 0x1234),
    rest: fc.uint8Array({ maxLength: 80 }),
  })
  const frame = fc.oneof(
    made.map(({ to, from, type, rest }) => ethernet(to, from, type, rest)),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  )
  const bursts = fc.array(fc.record({ from: fc.nat(2), frames: fc.array(frame, { maxLength: 8 }) }), {
    maxLength: 12,
  })
  fc.assert(
    fc.property(fc.boolean(), bursts, (guarded, sent) => {
      const { send, heard } = lan(3, guarded)
      for (const { from, frames } of sent) {
        const before = heard[from]?.length
        send(from, ...frames)
        expect(heard[from]).toHaveLength(before ?? 0)
      }
      const all = new Set(sent.flatMap(({ frames }) => frames.map((bytes) => bytes.toString('hex'))))
      for (const bytes of heard.flat()) expect(all.has(bytes.toString('hex'))).toBe(true)
    }),
  )
})
