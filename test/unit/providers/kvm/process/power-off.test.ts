import { expect, it } from 'vitest'
import { powerOff } from '../../../../../providers/kvm/process/power-off.ts'

/** A guest whose power is cut, and what was done to it so far. */
function guest(stopped: Promise<void>, closed: Promise<void> = Promise.resolve()) {
  const done: string[] = []
  const note = (what: string, after: Promise<void>) => () => {
    done.push(what)
    return after
  }
  const power = powerOff({
    plugged: { unplug: note('unplugged', Promise.resolve()) },
    devices: { close: note('devices closed', closed) },
    machine: { close: note('vCPUs stopped', stopped) },
  })
  return { done, power }
}

it('closes the disks of a guest whose vCPUs do not stop', async () => {
  let stop: () => void = () => undefined
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const { done, power } = guest(stopped)
  expect(done).toEqual(['unplugged', 'devices closed', 'vCPUs stopped'])
  const first = await Promise.race([power, new Promise((resolve) => setImmediate(resolve, 'not yet'))])
  expect(first).toBe('not yet')
  stop()
  await power
})

it('stops the vCPUs of a guest whose disks cannot be written back, and tells of it', async () => {
  const { done, power } = guest(Promise.resolve(), Promise.reject(new Error('EIO')))
  await expect(power).rejects.toThrow('EIO')
  expect(done).toContain('vCPUs stopped')
})
