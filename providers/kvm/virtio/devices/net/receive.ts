import { copyIn } from '../../../memory/pieces.ts'
import type { DeviceHost } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'
import type { SplitQueue } from '../../queue/split-queue.ts'
import { netHeaderBytes, numBuffersField } from './config.ts'

/**
 * Puts one frame into the guest's receive buffers, over several where `mergeable` allows that (virtio 1.2,
 * §5.1.6.4). All buffers of a frame are handed back together. 'wait' when there are too few; nothing is used
 * up then. 'drop' when the frame fits no buffer the guest gives.
 */
function receiveFrame(queue: SplitQueue, frame: Uint8Array, mergeable: boolean): 'done' | 'wait' | 'drop' {
  const total = netHeaderBytes + frame.length
  const chains: Chain[] = []
  let room = 0
  while (room < total && (mergeable || chains.length === 0)) {
    const chain = queue.pop()
    if (chain === null) {
      if (!queue.stopped) queue.unpop(chains)
      return 'wait'
    }
    chains.push(chain)
    room += chain.writableLength
  }
  // Not even a header's room in the first, or a frame too long for the one buffer it may have.
  if (room < total || (chains[0]?.writableLength ?? 0) < netHeaderBytes) {
    queue.pushTogether(chains.map(({ head }) => ({ head, written: 0 })))
    return 'drop'
  }
  const header = Buffer.alloc(netHeaderBytes)
  header.writeUInt16LE(chains.length, numBuffersField)
  let done = 0
  const used = chains.map((chain, index) => {
    const start = index === 0 ? copyIn(chain.writable, 0, header) : 0
    const part = copyIn(chain.writable, start, frame.subarray(done))
    done += part
    return { head: chain.head, written: start + part }
  })
  queue.pushTogether(used)
  return 'done'
}

/** Frames on their way to the guest, in order. */
export class ReceiveBacklog {
  readonly #limit: number
  readonly #index: number
  #frames: Uint8Array[] = []

  /** @param index of the queue that the frames go to */
  constructor(limit: number, index: number) {
    this.#limit = limit
    this.#index = index
  }

  get hasRoom(): boolean {
    return this.#frames.length < this.#limit
  }

  /** Delivers a frame behind those before it, or keeps a copy of it until the guest has buffers. */
  add(frame: Uint8Array, host: DeviceHost, mergeable: boolean): void {
    const queue = this.#frames.length === 0 ? host.queue(this.#index) : null
    if (queue !== null && receiveFrame(queue, frame, mergeable) !== 'wait') {
      host.notify(this.#index)
      return
    }
    this.#frames.push(new Uint8Array(frame))
    this.deliver(host, mergeable)
  }

  clear(): void {
    this.#frames = []
  }

  /** Delivers as far as the guest has buffers, then asks it for a kick at the next. */
  deliver(host: DeviceHost, mergeable: boolean): void {
    const queue = host.queue(this.#index)
    if (queue === null || this.#frames.length === 0) return
    let done = 0
    for (let frame = this.#frames[0]; frame !== undefined; frame = this.#frames[done]) {
      const first = receiveFrame(queue, frame, mergeable)
      // Once a kick is asked for, look again: buffers may have come in between, though perhaps too few.
      const again = first === 'wait' && queue.armKicks() ? receiveFrame(queue, frame, mergeable) : first
      if (again === 'wait') break
      done += 1
    }
    this.#frames.splice(0, done)
    host.notify(this.#index)
  }
}
