import { expect, it } from 'vitest'
import type { FrameEvents, FrameLink } from '../../../../../providers/kvm/net/frame-link.ts'
import { KeptLink } from '../../../../../providers/kvm/net/kept-link.ts'

it('carries the frames of one guest after the other, and loses what comes in between', async () => {
  let events: FrameEvents | undefined
  let resumed = 0
  let closed = 0
  const cable: FrameLink = {
    up: true,
    start: (given) => {
      events = given
    },
    send: () => true,
    resume: () => {
      resumed += 1
    },
    close: async () => {
      closed += 1
    },
  }
  const kept = new KeptLink(cable)
  const heard: string[] = []
  const plug = (name: string, takes: boolean) => {
    const end = kept.plug()
    const frame = (bytes: Uint8Array) => {
      heard.push(`${name} ${bytes.length}`)
      return takes
    }
    end.start({ frame, changed: () => heard.push(`${name} changed`), writable: () => undefined })
    return end
  }
  const first = plug('first', false)
  expect(events?.frame(new Uint8Array(1))).toBe(false)
  await first.close()
  expect(resumed).toBe(1)
  expect(events?.frame(new Uint8Array(2))).toBe(true)
  const second = plug('second', true)
  // That the one before is closed late is nothing to it.
  await first.close()
  expect(events?.frame(new Uint8Array(3))).toBe(true)
  events?.changed()
  expect(heard).toEqual(['first 1', 'second 3', 'second changed'])
  expect([second.up, closed]).toEqual([true, 0])
})
