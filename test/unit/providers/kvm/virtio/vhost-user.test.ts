import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createMemoryFile } from '../../../../../providers/kvm/ffi/memory.ts'
import { socketPair } from '../../../../../providers/kvm/ffi/sockets.ts'
import { BackEnd } from '../../../../../providers/kvm/virtio/vhost-user/back-end.ts'
import {
  memoryTable,
  number64,
  requests,
  ringAddresses,
} from '../../../../../providers/kvm/virtio/vhost-user/messages.ts'

const features = 1n << 32n
const offered = features | (1n << 30n)
const regions = [
  { base: 0, size: 0x1000, offset: 0 },
  { base: 2 ** 32, size: 0x2000, offset: 0x1000 },
]
const setup = { size: 8, descriptors: 0x1000, available: 0x2000, used: 2 ** 32 + 4 }

/** What a back-end says to a request, by its number; by itself it does as told. */
type Says = (request: number, plain: Buffer[]) => Buffer[] | 'end'

const open: { socket: Socket; fd: number }[] = []
afterEach(() => {
  for (const { socket, fd } of open.splice(0)) {
    socket.destroy()
    closeSync(fd)
  }
})

function answer(request: number, value: bigint, flags = 5): Buffer {
  const header = Buffer.alloc(12)
  for (const [index, word] of [request, flags, 8].entries()) header.writeUInt32LE(word, 4 * index)
  return Buffer.concat([header, number64(value)])
}

/** A back-end at the other end of a real socket. The descriptors that come are lost to it: shares.test.ts has them. */
function begun(says: Says = (_, plain) => plain) {
  const [ours, its] = socketPair()
  const fd = createMemoryFile('test', 0x3000)
  const socket = new Socket({ fd: its })
  open.push({ socket, fd })
  const asked: { request: number; payload: Buffer }[] = []
  let held = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 12 && held.length >= 12 + held.readUInt32LE(8)) {
      const [request, flags, length] = [held.readUInt32LE(0), held.readUInt32LE(4), held.readUInt32LE(8)]
      asked.push({ request, payload: held.subarray(12, 12 + length) })
      held = held.subarray(12 + length)
      const value =
        request === requests.getFeatures ? offered : request === requests.getProtocolFeatures ? 8n : 0n
      const isAnswered = (flags & 8) !== 0 || request === requests.getFeatures || value === 8n
      const said = says(request, isAnswered ? [answer(request, value)] : [])
      if (said === 'end') socket.end()
      else for (const bytes of said) socket.write(bytes)
    }
  })
  socket.on('error', () => undefined)
  const down: string[] = []
  const ram = { fd, regions }
  const backEnd = new BackEnd(ours, { ram, queues: 2, features, onDown: (reason) => down.push(reason) })
  backEnd.ready.catch(() => undefined)
  return { backEnd, asked, down, socket, names: () => asked.map(({ request }) => request) }
}

describe('a process that serves queues (vhost-user)', () => {
  it('is told of memory and queues by the addresses of the guest', () => {
    const table = memoryTable(regions)
    expect(table.readUInt32LE(0)).toBe(2)
    const words = (bytes: Buffer, from: number, count: number) =>
      Array.from({ length: count }, (_, index) => Number(bytes.readBigUInt64LE(from + 8 * index)))
    expect(words(table, 8, 8)).toEqual([0, 0x1000, 0, 0, 2 ** 32, 0x2000, 2 ** 32, 0x1000])
    const addresses = ringAddresses(1, setup)
    expect(addresses.readUInt32LE(0)).toBe(1)
    expect(words(addresses, 8, 4)).toEqual([0x1000, 2 ** 32 + 4, 0x2000, 0])
  })

  it('gets all descriptors at the beginning, and then numbers: queues start and stop with every guest', async () => {
    const { backEnd, asked, names, down } = begun()
    await backEnd.ready
    expect(names()).toEqual([3, 1, 15, 16, 5, 13, 12, 13, 12])
    for (const guest of [1, 2]) {
      asked.splice(0)
      backEnd.start(features | BigInt(guest), [setup, null])
      await backEnd.stop()
      expect(names()).toEqual([2, 8, 9, 10, 18, 18, 18])
      expect(asked[0]?.payload).toEqual(number64(offered | BigInt(guest)))
      expect(asked.slice(4).map(({ payload }) => [payload.readUInt32LE(0), payload.readUInt32LE(4)])).toEqual(
        [
          [0, 1],
          [0, 0],
          [1, 0],
        ],
      )
    }
    expect(down).toEqual([])
  })

  const set = (request: number) => (asked: number) => asked === request
  it.each<[string, Says, string]>([
    ['lacks a feature', (asked, plain) => (asked === 1 ? [answer(1, 1n)] : plain), 'lacks features'],
    ['does not acknowledge', (asked, plain) => (asked === 15 ? [answer(15, 1n)] : plain), 'not acknowledge'],
    ['answers something else', (asked, plain) => (set(5)(asked) ? [answer(6, 0n)] : plain), 'not an answer'],
    ['asks instead', (asked, plain) => (set(5)(asked) ? [answer(5, 0n, 1)] : plain), 'not an answer'],
    [
      'speaks another version',
      (asked, plain) => (asked === 1 ? [answer(1, offered, 6)] : plain),
      'not an answer',
    ],
    ['says too much', (asked, plain) => (asked === 1 ? [Buffer.alloc(64)] : plain), 'more than one answer'],
    [
      'answers twice',
      (asked, plain) => (set(5)(asked) ? [...plain, ...plain] : plain),
      'refused|unasked|more than one',
    ],
    ['refuses its memory', (asked, plain) => (set(5)(asked) ? [answer(5, 1n)] : plain), 'refused'],
    ['ends', (asked, plain) => (set(5)(asked) ? 'end' : plain), 'has ended'],
    ['ends within an answer', (asked) => (asked === 1 ? 'end' : [Buffer.alloc(4)]), 'unasked|has ended'],
  ])('that %s is not used', async (_, says, reason) => {
    const { backEnd, socket } = begun(says)
    await expect(backEnd.ready).rejects.toThrow(new RegExp(reason))
    if (backEnd.up) return
    // Nothing waits for it.
    backEnd.start(features, [setup, setup])
    await backEnd.stop().catch(() => undefined)
    if (!socket.destroyed) await once(socket, 'close')
  })

  it('that goes while a guest runs is told once, and stops holding anyone up', async () => {
    const { backEnd, down, socket } = begun()
    await backEnd.ready
    backEnd.start(features, [setup, setup])
    socket.destroy()
    await backEnd.stop()
    expect(down).toEqual([expect.stringMatching(/ended|EPIPE|ECONNRESET/)])
    expect(backEnd.up).toBe(false)
    backEnd.kick(0)
  })

  it('that does not stop is not trusted with the memory of the next guest', async () => {
    let isStopping = false
    const { backEnd } = begun((asked, plain) => (isStopping && asked === 18 ? [answer(18, 1n)] : plain))
    await backEnd.ready
    backEnd.start(features, [setup, setup])
    await backEnd.stop()
    expect(backEnd.astray).toBe(false)
    isStopping = true
    await expect(backEnd.stop()).rejects.toThrow('does not stop')
    expect(backEnd.astray).toBe(true)
  })
})
