import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { readCapture } from '../../../../src/network/capture/read.ts'
import type { Spot } from '../../../../src/network/capture/recording.ts'
import { type CaptureRequest, encodeCaptureRequest } from '../../../../src/network/capture/request.ts'
import { CaptureServer } from '../../../../src/network/process/capture-server.ts'
import { until } from '../../../helpers/guest-talk.ts'
import { readPcapng } from '../../../helpers/pcapng.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const web = { network: 'back', machine: 'web' }
const db = { network: 'back', machine: 'db' }
const services = { network: 'back', machine: null }
const other = { network: 'front', machine: 'web' }
const everything: CaptureRequest = { networks: [], machines: [], snaplen: 0 }

const whole = (bytes: Buffer) => ({ bytes, start: 0, end: bytes.length })

async function listen(spots: readonly Spot[] = [web, db, services, other]) {
  const folder = mkdtempSync(join(tmpdir(), 'posada-captures-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'capture.sock')
  const captures = await CaptureServer.listen(path, () => spots)
  cleanUps.push(() => captures.close())
  const say = (spot: Spot, direction: 'sent' | 'received', text: string) => {
    const bytes = Buffer.from(`..${text}..`)
    captures.frame(spot, direction, { bytes, start: 2, end: bytes.length - 2 })
  }
  return { captures, path, say }
}

/** Captures until `stop` is called; then resolves with what was written. */
function capture(path: string, request: CaptureRequest, count: number | null = null) {
  const stop = new AbortController()
  const pieces: Buffer[] = []
  const write = async (bytes: Buffer) => void pieces.push(bytes)
  const done = readCapture(path, request, { write, count, signal: stop.signal })
  return {
    done,
    file: () => readPcapng(Buffer.concat(pieces)),
    stop: async () => {
      stop.abort()
      return done
    },
  }
}

describe('what is captured', () => {
  const said: [Spot, 'sent' | 'received', string][] = [
    [web, 'sent', 'question'],
    [db, 'received', 'question'],
    [services, 'sent', 'lease'],
    [web, 'received', 'lease'],
    [other, 'sent', 'elsewhere'],
  ]
  it.each([
    [everything, ['back/web', 'back/db', 'back', 'front/web'], ['question', 'lease', 'elsewhere']],
    [{ ...everything, networks: ['back'] }, ['back/web', 'back/db', 'back'], ['question', 'lease']],
    [
      { ...everything, machines: ['web'], snaplen: 5 },
      ['back/web', 'front/web'],
      ['quest', 'lease', 'elsew'],
    ],
    [
      { ...everything, networks: ['front'], machines: ['db'] },
      ['back/db', 'front/web'],
      ['question', 'elsewhere'],
    ],
  ])('%j', async (request, names, texts) => {
    const { captures, path, say } = await listen()
    const { stop, file } = capture(path, request)
    await until('somebody listens', 5000, async () => captures.any)
    for (const one of said) say(...one)
    expect(await stop()).toMatchObject({ packets: texts.length, dropped: 0, broken: false })
    expect(file().names).toEqual(names)
    expect(file().packets.map(({ frame }) => frame.toString())).toEqual(texts)
  })
})

it('times go on from frame to frame, and are those of the day', async () => {
  const { captures, path, say } = await listen()
  const { stop, file } = capture(path, everything)
  await until('somebody listens', 5000, async () => captures.any)
  const before = BigInt(Date.now() - 1000) * 1_000_000n
  for (const text of ['a', 'b', 'c']) say(web, 'sent', text)
  await stop()
  const [a = 0n, b = 0n, c = 0n] = file().packets.map(({ time }) => time)
  expect([before < a, a < b, b < c, c < before + 60_000_000_000n]).toEqual([true, true, true, true])
})

it('a machine that comes later is in the file from then on', async () => {
  const { captures, path, say } = await listen([web])
  const { stop, file } = capture(path, everything)
  await until('somebody listens', 5000, async () => captures.any)
  say(web, 'sent', 'early')
  say(db, 'sent', 'late')
  await stop()
  expect(file().packets.map(({ name }) => name)).toEqual(['back/web', 'back/db'])
})

it('ends after so many frames', async () => {
  const { captures, path, say } = await listen()
  const { done, file } = capture(path, everything, 2)
  await until('somebody listens', 5000, async () => captures.any)
  for (const text of ['a', 'b', 'c']) say(web, 'sent', text)
  expect(await done).toMatchObject({ packets: 2, broken: false })
  expect(file().packets.map(({ frame }) => frame.toString())).toEqual(['a', 'b'])
  await until('no one listens', 5000, async () => !captures.any)
})

async function ask(path: string, request: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true })
  cleanUps.push(() => socket.destroy())
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.write(request, () => resolve()))
  return socket
}

it('a reader that does not read holds nothing up and fills no memory, and is told what it missed', async () => {
  const { captures, path } = await listen()
  const socket = await ask(path, encodeCaptureRequest(everything))
  await until('somebody listens', 5000, async () => captures.any)
  const bytes = Buffer.alloc(1400)
  const total = 20_000
  for (let n = 0; n < total; n++) {
    captures.frame(web, 'sent', whole(bytes))
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  socket.end()
  const { packets, missing } = readPcapng(await buffer(socket))
  const drops = missing.get('back/web') ?? 0
  expect(packets.length + drops).toBe(total)
  // 8 MiB are kept, and what the sockets hold besides.
  expect(packets.length * bytes.length).toBeLessThan(10 * 1024 * 1024)
})

it('what was missed meanwhile stands before the next frame', async () => {
  const { captures, path } = await listen()
  const socket = await ask(path, encodeCaptureRequest(everything))
  await until('somebody listens', 5000, async () => captures.any)
  for (let n = 0; n < 10_000; n++) captures.frame(web, 'sent', whole(Buffer.alloc(1400)))
  const all = buffer(socket)
  await new Promise((resolve) => setTimeout(resolve, 300))
  captures.frame(web, 'sent', whole(Buffer.from('late')))
  socket.end()
  const { packets, missing } = readPcapng(await all)
  const last = packets.at(-1)
  expect([last?.frame.toString(), last?.drops]).toEqual(['late', missing.get('back/web')])
  expect(last?.drops).toBeGreaterThan(1000)
})

it.each([
  ['says nothing', ''],
  ['does not read', encodeCaptureRequest(everything)],
])('ends, though a reader %s', async (_, request) => {
  const { captures, path } = await listen()
  await ask(path, request)
  if (request !== '') await until('somebody listens', 5000, async () => captures.any)
  for (let n = 0; n < 10_000 && captures.any; n++) captures.frame(web, 'sent', whole(Buffer.alloc(1400)))
  await captures.close()
})

it.each(['{}\n', '{\n', '{"networks":[1],"machines":[],"snaplen":0}\n', 'x'.repeat(100_000)])(
  'hangs up on what is not a request: %.20s',
  async (request) => {
    const { captures, path } = await listen()
    const socket = await ask(path, request)
    await new Promise((resolve) => socket.resume().once('end', resolve).once('close', resolve))
    expect(captures.any).toBe(false)
  },
)

it('is told from a process that ended, and from none', async () => {
  const { captures, path } = await listen()
  const { done } = capture(path, everything)
  await until('somebody listens', 5000, async () => captures.any)
  await captures.close()
  expect(await done).toMatchObject({ broken: true })
  expect(await capture(path, everything).done).toBe(null)
})
