import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { MachineRun } from '../../../../../providers/kvm/process/machine-run.ts'
import { moveMemory } from '../../../../../providers/kvm/process/move-memory.ts'
import { BalloonDevice } from '../../../../../providers/kvm/virtio/devices/balloon/device.ts'
import type { MachineSpec } from '../../../../../src/provider/index.ts'
import { balloonPause } from '../../../../../src/provider-kit/index.ts'
import { startDevice } from '../../../../helpers/started-device.ts'

const MiB = 2 ** 20
const spec = { memory: 512 * MiB, memoryMin: 128 * MiB } as MachineSpec
const statistics = 2
const availableTag = 6

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A guest that has this much available, in bytes. */
async function guest(available: number) {
  const balloon = new BalloonDevice()
  const rig = await startDevice(balloon)
  const tell = (bytes: number) => {
    const said = Buffer.alloc(10)
    said.writeUInt16LE(availableTag, 0)
    said.writeBigUInt64LE(BigInt(bytes), 2)
    rig.queue(statistics).takeUsed()
    rig.queue(statistics).submit([rig.put(0x8000, said)])
    rig.driver.kick(statistics)
  }
  tell(available)
  /** Bytes that it was asked to give. */
  const asked = () => rig.driver.device(0, 4) * 4096
  return { balloon, rig, tell, asked }
}

const running = (balloon: BalloonDevice, still: MachineRun['still'] = null) =>
  ({ guest: { balloon }, still }) as unknown as MachineRun

it('a guest that rests gives a part of what it has too much at each look, and gets it back when it fills up', async () => {
  const { balloon, rig, tell, asked } = await guest(472 * MiB)
  const leave = moveMemory(running(balloon), spec)
  await vi.advanceTimersByTimeAsync(balloonPause)
  const first = asked()
  expect(first).toBe(Math.floor((512 - 168) / 8) * MiB)
  rig.driver.setDevice(4, 4, first / 4096)
  tell(20 * MiB)
  await vi.advanceTimersByTimeAsync(balloonPause)
  expect(asked()).toBe(0)
  leave()
  await vi.advanceTimersByTimeAsync(5 * balloonPause)
  expect(asked()).toBe(0)
  await rig.stop()
})

it.each([
  ['stands still', 472 * MiB, 'asked' as const, spec],
  ['has all of its memory all the time', 472 * MiB, null, { ...spec, memoryMin: null }],
  ['says that it has more than it was given', 2 ** 52, null, spec],
])('one that %s is asked for nothing', async (_, available, still, of) => {
  const { balloon, rig, asked } = await guest(available)
  const leave = moveMemory(running(balloon, still), of)
  await vi.advanceTimersByTimeAsync(3 * balloonPause)
  expect(asked()).toBe(0)
  leave()
  await rig.stop()
})
