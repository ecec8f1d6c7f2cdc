import { loadKoffi } from '../../../src/lib/native/koffi.ts'
import type { Release } from '../bus/device.ts'
import { drainEvent } from '../ffi/events.ts'

const koffi = loadKoffi()

/**
 * Runs `onEvent` on this thread's event loop whenever the eventfd has counted something; signals that come
 * close together may lead to one call. What it throws is an uncaught exception of this thread, as from any other
 * callback. The release must come before the descriptor is closed.
 */
export function watchEvent(fd: number, onEvent: () => void): Release {
  const handle = koffi.node.poll(fd, { readable: true }, () => {
    try {
      if (drainEvent(fd)) onEvent()
    } catch (error) {
      // koffi keeps what is thrown here and throws it out of whichever of its calls comes next.
      process.nextTick(() => {
        throw error
      })
    }
  })
  let open = true
  return () => {
    if (!open) return
    open = false
    handle.stop()
    handle.close()
  }
}
