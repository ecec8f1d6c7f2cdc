import { loadKoffi } from '../../../src/lib/native/koffi.ts'
import type { Release } from '../bus/device.ts'
import { drainEvent } from '../ffi/events.ts'

const koffi = loadKoffi()

/**
 * Runs `onEvent` on this thread's event loop whenever the eventfd has counted something; signals that come
 * close together may lead to one call. The release must come before the descriptor is closed.
 */
export function watchEvent(fd: number, onEvent: () => void): Release {
  const handle = koffi.node.poll(fd, { readable: true }, () => {
    if (drainEvent(fd)) onEvent()
  })
  let open = true
  return () => {
    if (!open) return
    open = false
    handle.stop()
    handle.close()
  }
}
