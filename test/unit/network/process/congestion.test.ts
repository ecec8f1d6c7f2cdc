import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Congestion } from '../../../../src/network/process/congestion.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A port with a queue that is full. */
function port() {
  return {
    isFull: true,
    isPaused: false,
    pause() {
      this.isPaused = true
    },
    resume() {
      this.isPaused = false
    },
  }
}

it('who fills a queue waits until it has drained', () => {
  const [congestion, sender, full] = [new Congestion(), port(), port()]
  congestion.hold(sender, full)
  expect(sender.isPaused).toBe(true)
  vi.advanceTimersByTime(49)
  congestion.drained(full)
  expect([sender.isPaused, congestion.isStuck(full)]).toEqual([false, false])
  vi.advanceTimersByTime(1000)
  expect(congestion.isStuck(full)).toBe(false)
})

it('one that does not drain in time is stuck until it does, and no one waits for it', () => {
  const [congestion, sender, full] = [new Congestion(), port(), port()]
  congestion.hold(sender, full)
  vi.advanceTimersByTime(50)
  expect([sender.isPaused, congestion.isStuck(full)]).toEqual([false, true])
  congestion.hold(sender, full)
  expect(sender.isPaused).toBe(false)
  congestion.drained(full)
  expect(congestion.isStuck(full)).toBe(false)
})

it('who waits for two goes on when both have drained', () => {
  const [congestion, sender, one, other] = [new Congestion(), port(), port(), port()]
  congestion.hold(sender, one)
  congestion.hold(sender, other)
  congestion.drained(one)
  expect(sender.isPaused).toBe(true)
  congestion.forget(other)
  expect(sender.isPaused).toBe(false)
})

it('a sender that is gone is not told to go on', () => {
  const [congestion, sender, full] = [new Congestion(), port(), port()]
  congestion.hold(sender, full)
  congestion.forget(sender)
  sender.isPaused = true
  congestion.drained(full)
  expect(sender.isPaused).toBe(true)
})
