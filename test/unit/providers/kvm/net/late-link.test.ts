import { expect, it } from 'vitest'
import type { FrameEvents, FrameLink } from '../../../../../providers/kvm/net/frame-link.ts'
import { LateLink } from '../../../../../providers/kvm/net/late-link.ts'

class Recorder implements FrameLink {
  up = true
  events: FrameEvents | null = null
  sent: string[] = []
  closed = false
  start(events: FrameEvents): void {
    this.events = events
  }
  send(frame: readonly Uint8Array[]): boolean {
    this.sent.push(Buffer.concat(frame).toString())
    return true
  }
  resume(): void {
    // Nothing to deliver.
  }
  async close(): Promise<void> {
    this.closed = true
  }
}

it('takes no frame until the other end is there, and then says that it takes them', async () => {
  const link = new LateLink()
  const heard: string[] = []
  let writable = 0
  link.start({
    frame: (bytes) => heard.push(Buffer.from(bytes).toString()) > 0,
    changed: () => undefined,
    writable: () => {
      writable += 1
    },
  })
  expect([link.up, link.send([Buffer.from('early')], 5), writable]).toEqual([true, false, 0])
  const peer = new Recorder()
  await link.join(peer)
  expect([link.send([Buffer.from('now')], 3), writable, peer.sent]).toEqual([true, 1, ['now']])
  peer.events?.frame(Buffer.from('back'))
  peer.up = false
  expect([heard, link.up]).toEqual([['back'], false])
  await link.close()
  expect(peer.closed).toBe(true)
})

it('closes an end that comes too late', async () => {
  const link = new LateLink()
  await link.close()
  const peer = new Recorder()
  await link.join(peer)
  expect([peer.closed, peer.events]).toEqual([true, null])
})
