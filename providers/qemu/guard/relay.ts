import type { Socket } from 'node:net'
import { FrameSplitter, joinFrame, lengthBytes } from '../../../src/lib/net/framing.ts'
import { type HostGuard, judgedBytes } from '../../../src/provider-kit/index.ts'

/** Bytes of frames. */
export interface Carried {
  /** Those for the guest. */
  received: number
  /** Those from the guest, also such as did not pass. */
  sent: number
}

/** Carries frames between a guest and the network stack, both ways, as far as the guard lets them; what is returned counts on. */
export function relay(guest: Socket, stack: Socket, guard: HostGuard): Carried {
  const carried = { received: 0, sent: 0 }
  carry(guest, stack, (frame) => {
    carried.sent += frame.length
    const verdict = guard.fromGuest(frame.length > judgedBytes ? frame.subarray(0, judgedBytes) : frame)
    if (typeof verdict !== 'string') guest.write(joinFrame([verdict], verdict.length))
    return verdict === 'pass'
  })
  carry(stack, guest, (frame) => {
    carried.received += frame.length
    guard.toGuest(frame)
    return true
  })
  return carried
}

/** Frames that pass one after the other are written as they came, in one piece. */
function carry(from: Socket, to: Socket, passes: (frame: Buffer) => boolean): void {
  const splitter = new FrameSplitter()
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
    if (to.writableNeedDrain) from.pause()
  })
  to.on('drain', () => from.resume())
}
