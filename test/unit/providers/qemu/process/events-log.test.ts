import { expect, test } from 'vitest'
import { lastEnding } from '../../../../../providers/qemu/process/events-log.ts'

const shutdown = (reason: string, guest: boolean) =>
  JSON.stringify({ timestamp: {}, event: 'SHUTDOWN', data: { guest, reason } })

test('no ending in a log without one', () => {
  expect(lastEnding('')).toBeNull()
  expect(lastEnding('{"return": {}, "id": 0}\n{"event": "RESUME", "timestamp": {}}\n')).toBeNull()
})

test('the last ending counts, whatever stands around it', () => {
  const log = `ut": 1}\n${shutdown('host-qmp-quit', false)}\n{"event": "STOP"}\n${shutdown('guest-shutdown', true)}\n{"eve`
  expect(lastEnding(log)).toEqual({ reason: 'guest-shutdown', guest: true })
})

test('an ending without a reason, or with a huge one, is bounded', () => {
  expect(lastEnding('{"event": "SHUTDOWN"}')).toEqual({ reason: 'unknown', guest: false })
  expect(lastEnding(shutdown('x'.repeat(5000), true))?.reason).toHaveLength(100)
})
