import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { relay } from '../../../../../providers/qemu/guard/relay.ts'
import { joinFrame } from '../../../../../src/lib/net/framing.ts'

const open: Socket[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const socket of open.splice(0)) socket.destroy()
})

async function pair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const accepted = once(server, 'connection')
  const one = connect(address.port, '127.0.0.1')
  const [other] = (await accepted) as [Socket]
  server.close()
  open.push(one, other)
  return [one, other]
}

it.each([[null], [8000]])(
  'with %s bits a second, frames beyond the rate wait until they are due',
  async (bandwidth) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
    const [guest, guestEnd] = await pair()
    const [stack, stackEnd] = await pair()
    const carried = relay(
      { guest: guestEnd, stack: stackEnd },
      { fromGuest: () => 'pass', toGuest: () => undefined },
      bandwidth,
    )
    const frame = Buffer.alloc(1000)
    let came = 0
    stack.on('data', (bytes: Buffer) => {
      came += bytes.length
    })
    guest.write(joinFrame([frame], frame.length))
    await vi.waitFor(() => expect(came).toBe(1004))
    guest.write(joinFrame([frame], frame.length))
    if (bandwidth !== null) {
      // A frame the other way is another matter.
      stack.write(joinFrame([frame], frame.length))
      await vi.waitFor(() => expect(carried.received).toBe(1000))
      expect(came).toBe(1004)
      await vi.advanceTimersByTimeAsync(1000)
    }
    await vi.waitFor(() => expect(came).toBe(2008))
    expect(carried.sent).toBe(2000)
  },
)
