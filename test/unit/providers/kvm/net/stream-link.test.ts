import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { socketPair } from '../../../../../providers/kvm/ffi/sockets.ts'
import { StreamLink, type StreamLinkOptions } from '../../../../../providers/kvm/net/stream-link.ts'
import { FrameSplitter, joinFrame } from '../../../../../src/lib/net/framing.ts'
import { eventually } from '../../../../helpers/started-device.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A link and the socket at its other end. */
async function pair(how: Kind = 'path') {
  const downs: string[] = []
  const options = { onDown: (reason: string) => downs.push(reason) }
  const { link, peer } = await joined[how](options)
  cleanUps.push(() => link.close())
  cleanUps.push(() => peer.destroy())
  const heard = { frames: [] as Buffer[], changes: 0, writable: 0, room: true }
  link.start({
    frame: (bytes) => {
      heard.frames.push(Buffer.from(bytes))
      return heard.room
    },
    changed: () => {
      heard.changes += 1
    },
    writable: () => {
      heard.writable += 1
    },
  })
  return { link, peer, heard, downs }
}

type Kind = keyof typeof joined

/** How a switch is joined, and how passt is. */
const joined = {
  async path(options: StreamLinkOptions) {
    const folder = mkdtempSync(join(tmpdir(), 'posada-link-'))
    cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 's')
    const accepted: Socket[] = []
    const server = createServer((socket) => accepted.push(socket))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    cleanUps.push(() => server.close())
    const link = await StreamLink.connect(path, options)
    await eventually(() => accepted.length === 1)
    return { link, peer: accepted[0] as Socket }
  },
  async descriptor(options: StreamLinkOptions) {
    const [ours, its] = socketPair(2 ** 18)
    return { link: StreamLink.overDescriptor(ours, options), peer: new Socket({ fd: its }) }
  },
}

const frame = (text: string) => Buffer.from(text.padEnd(20))

describe.each<Kind>(['path', 'descriptor'])('a link over a %s', (kind) => {
  it('frames cross in both directions', async () => {
    const { link, peer, heard } = await pair(kind)
    let got = Buffer.alloc(0)
    peer.on('data', (bytes) => {
      got = Buffer.concat([got, bytes])
    })
    link.send([frame('one').subarray(0, 7), frame('one').subarray(7)], 20)
    link.send([frame('two')], 20)
    const expected = Buffer.concat([joinFrame([frame('one')], 20), joinFrame([frame('two')], 20)])
    await eventually(() => got.equals(expected))
    peer.write(expected)
    await eventually(() => heard.frames.length === 2)
    expect(heard.frames).toEqual([frame('one'), frame('two')])
  })

  it('a peer that does not read makes the link full, and says so when it is not any more', async () => {
    const { link, peer, heard } = await pair(kind)
    peer.pause()
    const big = Buffer.alloc(60_000)
    let sent = 0
    while (link.send([big], big.length)) sent += 1
    expect(sent).toBeLessThan(40)
    await new Promise((resolve) => setTimeout(resolve, 10))
    peer.resume()
    await eventually(() => heard.writable > 0)
    expect(link.send([big], big.length)).toBe(true)
  })

  it('a guest that takes nothing stops the reading until it takes again', async () => {
    const { link, peer, heard } = await pair(kind)
    heard.room = false
    const one = joinFrame([Buffer.alloc(1000)], 1000)
    const stream = Buffer.concat(Array.from({ length: 5000 }, () => one))
    peer.write(stream)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(heard.frames.length).toBeLessThan(1000)
    heard.room = true
    link.resume()
    await eventually(() => heard.frames.length === 5000)
  })

  it('is down, once, when the other end goes or sends something that is not a frame; frames are lost from then on', async () => {
    const { link, peer, heard, downs } = await pair(kind)
    peer.write(Buffer.from([255, 255, 255, 255]))
    await eventually(() => heard.changes === 1)
    expect(link.up).toBe(false)
    expect(downs).toEqual(['the other end sent something that is not a frame'])
    expect(link.send([frame('lost')], 20)).toBe(true)
    const other = await pair(kind)
    other.peer.destroy()
    await eventually(() => other.heard.changes === 1)
    expect(other.downs).toEqual(['the other end closed it'])
  })

  it('does not report its own closing', async () => {
    const { link, heard, downs } = await pair(kind)
    await link.close()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect([heard.changes, downs]).toEqual([0, []])
  })
})

it('over a descriptor no more than one frame waits for the peer, and all arrive complete and in order', async () => {
  const { link, peer, heard } = await pair('descriptor')
  peer.pause()
  const numbered = (number: number) => Buffer.alloc(60_000, number)
  const take = (number: number) => link.send([numbered(number)], 60_000)
  let sent = 0
  while (take(sent)) sent += 1
  // What the kernel holds for a socket (212,992 bytes), and one frame; written together they would be a MiB.
  expect(sent).toBeLessThan(10)
  const splitter = new FrameSplitter()
  const got: Buffer[] = []
  peer.on('data', (chunk) => {
    splitter.push(chunk, ({ bytes, start, end }) => got.push(Buffer.from(bytes.subarray(start, end))))
  })
  peer.resume()
  for (; sent < 100; sent += 1) {
    const before = heard.writable
    if (!take(sent)) {
      await eventually(() => heard.writable > before)
      expect(take(sent)).toBe(true)
    }
  }
  await eventually(() => got.length === 100)
  expect(got.every((bytes, number) => bytes.equals(numbered(number)))).toBe(true)
})
