import type { Socket } from 'node:net'
import { RateLimit } from '../../../src/lib/async/rate-limit.ts'
import { FrameSplitter, joinFrame, lengthBytes } from '../../../src/lib/net/framing.ts'
import { type HostGuard, judgedBytes } from '../../../src/provider-kit/index.ts'

/** Bytes of frames. */
export interface Carried {
  /** Those for the guest. */
  received: number
  /** Those from the guest, also such as did not pass. */
  sent: number
}

interface Ends {
  guest: Socket
  stack: Socket
}

/**
 * Carries frames between a guest and the network stack, both ways, as far as the guard lets them; what is returned counts
 * on. @param bandwidth bits a second, each way, beyond which frames wait at the end that they come from; null: no limit
 */
export function relay(
  { guest, stack }: Ends,
  guard: Pick<HostGuard, 'fromGuest' | 'toGuest'>,
  bandwidth: number | null,
): Carried {
  const carried = { received: 0, sent: 0 }
  const limit = () => (bandwidth === null ? null : new RateLimit(bandwidth / 8))
  carry({ from: guest, to: stack, limit: limit() }, (frame) => {
    carried.sent += frame.length
    const verdict = guard.fromGuest(frame.length > judgedBytes ? frame.subarray(0, judgedBytes) : frame)
    if (typeof verdict !== 'string') guest.write(joinFrame([verdict], verdict.length))
    return verdict === 'pass'
  })
  carry({ from: stack, to: guest, limit: limit() }, (frame) => {
    carried.received += frame.length
    guard.toGuest(frame)
    return true
  })
  return carried
}

interface Way {
  from: Socket
  to: Socket
  limit: RateLimit | null
}

/** Frames that pass one after the other are written as they came, in one piece. */
function carry({ from, to, limit }: Way, passes: (frame: Buffer) => boolean): void {
  const splitter = new FrameSplitter()
  let waiting = false
  const resume = () => {
    if (!waiting && !to.writableNeedDrain) from.resume()
  }
  from.on('data', (chunk: Buffer) => {
    let run = { bytes: chunk, start: 0, end: 0 }
    const write = () => {
      if (run.end > run.start) to.write(run.bytes.subarray(run.start, run.end))
    }
    const agreed = splitter.push(chunk, ({ bytes, start, end }) => {
      if (!passes(bytes.subarray(start, end))) return
      const from = start - lengthBytes
      if (run.bytes === bytes && run.end === from) run.end = end
      else {
        write()
        run = { bytes, start: from, end }
      }
    })
    write()
    if (!agreed) from.destroy(new Error('what came is not a frame'))
    const now = performance.now()
    limit?.passed(chunk.length, now)
    const wait = limit?.wait(now) ?? 0
    if (wait > 0 || to.writableNeedDrain) from.pause()
    if (wait === 0) return
    waiting = true
    setTimeout(() => {
      waiting = false
      resume()
    }, Math.ceil(wait))
  })
  to.on('drain', resume)
}
