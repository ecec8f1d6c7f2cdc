import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import { expect, it, onTestFinished } from 'vitest'
import { LastingPipe } from '../../../../src/remote/wire/lasting-pipe.ts'
import { muxClient, muxServer, openStream } from '../../../../src/remote/wire/mux.ts'

/** Two ends of a connection; `cut` loses what is on its way. */
function connection() {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const one = Duplex.from({ readable: back, writable: there })
  const other = Duplex.from({ readable: there, writable: back })
  for (const end of [one, other]) end.on('error', () => undefined)
  return { one, other, cut: () => [one, other].forEach((end) => void end.destroy()) }
}

function pipes() {
  const [near, far] = [new LastingPipe(), new LastingPipe()]
  for (const pipe of [near, far]) pipe.on('error', () => undefined)
  onTestFinished(() => [near, far].forEach((pipe) => void pipe.destroy()))
  const join = () => {
    const made = connection()
    const [had, has] = [near.received, far.received]
    near.carry(made.one, has)
    far.carry(made.other, had)
    return made.cut
  }
  return { near, far, join }
}

it('brings every byte once and in order over connections that are cut again and again', async () => {
  const { near, far, join } = pipes()
  let cut = join()
  const hashes = [createHash('sha256'), createHash('sha256')]
  let came = 0
  far.on('data', (bytes: Buffer) => {
    came += bytes.length
    hashes[1]?.update(bytes)
  })
  let sent = 0
  for (let round = 0; round < 60; round++) {
    const bytes = randomBytes(1 + round * 3001)
    hashes[0]?.update(bytes)
    sent += bytes.length
    near.write(bytes)
    if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
    if (round % 5 === 4) {
      cut()
      near.write('-')
      hashes[0]?.update('-')
      sent += 1
      cut = join()
    }
  }
  while (came < sent) await once(far, 'data')
  expect(came).toBe(sent)
  expect(hashes[1]?.digest('hex')).toBe(hashes[0]?.digest('hex'))
})

it('takes no more than a window while there is no connection, and sends the rest over the next', async () => {
  const { near, far, join } = pipes()
  const piece = Buffer.alloc(1024 * 1024)
  let taken = 0
  for (let count = 0; count < 6; count++) near.write(piece, () => taken++)
  await new Promise((resolve) => setImmediate(resolve))
  expect(taken).toBeLessThan(5)
  let came = 0
  far.on('data', (bytes: Buffer) => {
    came += bytes.length
  })
  join()
  while (came < 6 * piece.length) await once(far, 'data')
  expect(came).toBe(6 * piece.length)
})

it.each([
  ['a kind of frame that there is not', Buffer.from([7, 0, 0, 0, 0, 0, 0, 0, 1, 0])],
  ['a frame beyond measure', Buffer.from([0, 0, 0, 0, 1, 0, 0, 0, 0])],
  ['that more was received than was sent', Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 9])],
])('ends where the other end says %s', async (_, bytes) => {
  const pipe = new LastingPipe()
  pipe.on('error', () => undefined)
  const { one, other } = connection()
  pipe.carry(one, 0)
  const closed = once(pipe, 'close')
  other.write(bytes)
  await closed
  expect(pipe.destroyed).toBe(true)
})

it('keeps streams apart, and they outlive a cut', async () => {
  const { near, far, join } = pipes()
  const cut = join()
  muxServer(far, (stream) => void stream.pipe(stream))
  const session = muxClient(near)
  const streams = ['one', 'other'].map((text) => {
    const stream = openStream(session).setEncoding('utf8')
    stream.write(text)
    return stream
  })
  const words = streams.map((stream) => once(stream, 'data').then(([text]) => text))
  expect(await Promise.all(words)).toEqual(['one', 'other'])
  cut()
  for (const stream of streams) stream.write('again')
  join()
  for (const stream of streams) expect((await once(stream, 'data'))[0]).toBe('again')
})
