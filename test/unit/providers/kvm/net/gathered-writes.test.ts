import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { GatheredWrites } from '../../../../../providers/kvm/net/gathered-writes.ts'
import { inFolder } from '../../../../helpers/qemu-img.ts'

/** Both ends of a Unix socket, and how often the first was written to. */
async function withPair(act: (ours: Socket, theirs: Socket, calls: () => number) => Promise<void>) {
  await inFolder(async (folder) => {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(join(folder, 's'))
    await once(server, 'listening')
    const ours = connect(join(folder, 's'))
    const [theirs] = (await once(server, 'connection')) as [Socket]
    onTestFinished(() => {
      ours.destroy()
      theirs.destroy()
      server.close()
    })
    const write = ours.write.bind(ours)
    let writes = 0
    ours.write = ((...args: Parameters<typeof write>) => {
      writes += 1
      return write(...args)
    }) as typeof write
    await act(ours, theirs, () => writes)
  })
}

describe('bytes of the guest on their way to a socket', () => {
  it('are gathered while the host does not read, and all come in order', () =>
    withPair(async (ours, theirs, calls) => {
      let written = 0
      const writes = new GatheredWrites(ours, (length) => {
        written += length
      })
      const sent = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) & 0xff))
      // More than a socket's buffers take, so that the writes stop at some time.
      const large = Buffer.alloc(2 ** 20, 'large')
      writes.add(large)
      for (const byte of sent) writes.add(Uint8Array.of(byte))
      expect(writes.pending).toBe(large.length + sent.length)
      expect(calls()).toBe(1)
      writes.end()
      const got: Buffer[] = []
      theirs.on('data', (bytes) => got.push(bytes)).resume()
      await once(theirs, 'end')
      expect(Buffer.concat(got).equals(Buffer.concat([large, sent]))).toBe(true)
      expect([written, writes.pending]).toEqual([large.length + sent.length, 0])
      expect(calls()).toBe(2)
    }))

  it('cost nothing where there are none', () =>
    withPair(async (ours, theirs, calls) => {
      const writes = new GatheredWrites(ours, () => undefined)
      for (let count = 0; count < 1000; count += 1) writes.add(new Uint8Array(0))
      expect(calls()).toBe(0)
      let ended = false
      writes.end(() => {
        ended = true
      })
      theirs.resume()
      await once(theirs, 'end')
      expect(ended).toBe(true)
    }))
})
