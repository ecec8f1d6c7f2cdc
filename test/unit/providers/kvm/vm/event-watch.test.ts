import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { closeDescriptor } from '../../../../../providers/kvm/ffi/descriptors.ts'
import { createEventDescriptor, signalEvent } from '../../../../../providers/kvm/ffi/events.ts'
import { watchEvent } from '../../../../../providers/kvm/vm/event-watch.ts'

function createWatchedEvent(onEvent: () => void): number {
  const fd = createEventDescriptor()
  const unwatch = watchEvent(fd, onEvent)
  onTestFinished(() => {
    unwatch()
    closeDescriptor(fd)
  })
  return fd
}

describe('a watched event', () => {
  it('makes what its callback throws an uncaught exception, and of no other call', async () => {
    const others = process.listeners('uncaughtException')
    const caught: unknown[] = []
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => caught.push(error))
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException')
      for (const other of others) process.on('uncaughtException', other)
    })
    const bug = new Error('a bug of a device')
    let calls = 0
    const fd = createWatchedEvent(() => {
      calls += 1
      if (calls === 1) throw bug
    })
    signalEvent(fd)
    await vi.waitFor(() => expect(calls).toBe(1))
    await vi.waitFor(() => expect(caught).toEqual([bug]))
    expect(() => signalEvent(fd)).not.toThrow()
    await vi.waitFor(() => expect(calls).toBe(2))
    expect(caught).toEqual([bug])
  })
})
