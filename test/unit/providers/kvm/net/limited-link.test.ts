import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { FrameEvents, FrameLink } from '../../../../../providers/kvm/net/frame-link.ts'
import { LimitedLink } from '../../../../../providers/kvm/net/limited-link.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function rig() {
  const heard: string[] = []
  let events: FrameEvents | undefined
  const cable: FrameLink = {
    up: true,
    start: (given) => {
      events = given
    },
    send: (_, length) => heard.push(`sent ${length}`) > 0,
    resume: () => void heard.push('resumed'),
    close: async () => void heard.push('closed'),
  }
  // 1000 bytes a second, 100 of them at once.
  const link = new LimitedLink(cable, 8000)
  let room = true
  link.start({
    frame: (bytes) => {
      heard.push(`got ${bytes.length}`)
      return room
    },
    changed: () => undefined,
    writable: () => heard.push('writable'),
  })
  const receive = (length: number) => events?.frame(new Uint8Array(length))
  const setRoom = (has: boolean) => {
    room = has
  }
  return { link, heard, receive, setRoom }
}

it('what the guest sends beyond the rate waits in its queue until it is due', () => {
  const { link, heard } = rig()
  expect(link.send([], 300)).toBe(true)
  expect(link.send([], 60)).toBe(false)
  vi.advanceTimersByTime(199)
  expect(heard).toEqual(['sent 300'])
  vi.advanceTimersByTime(2)
  expect(heard).toEqual(['sent 300', 'writable'])
  expect(link.send([], 60)).toBe(true)
})

it('what comes for the guest waits at the other end, also where the guest has had no room meanwhile', () => {
  const { link, heard, receive, setRoom } = rig()
  setRoom(false)
  expect(receive(300)).toBe(false)
  vi.advanceTimersByTime(500)
  expect(heard).toEqual(['got 300'])
  setRoom(true)
  link.resume()
  expect(heard).toEqual(['got 300', 'resumed'])
  expect(receive(300)).toBe(false)
  // The guest has room at once, and the rate has not.
  link.resume()
  expect(heard).toEqual(['got 300', 'resumed', 'got 300'])
  vi.advanceTimersByTime(201)
  expect(heard.at(-1)).toBe('resumed')
})

it('does nothing any more once it is closed', async () => {
  const { link, heard, receive } = rig()
  link.send([], 300)
  link.send([], 300)
  receive(300)
  await link.close()
  vi.advanceTimersByTime(10_000)
  expect(heard).toEqual(['sent 300', 'got 300', 'closed'])
})
