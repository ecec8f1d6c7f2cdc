import { expect, it } from 'vitest'
import { RngDevice } from '../../../../../../providers/kvm/virtio/devices/rng/device.ts'
import { startDevice } from '../../../../../helpers/started-device.ts'

it('an entropy device fills what it is given, at most 64 KiB a request', async () => {
  const rig = await startDevice(new RngDevice())
  rig.queue(0).submit([{ at: 0x8000, length: 256, write: true }])
  rig.queue(0).submit([{ at: 0x20000, length: 200_000, write: true }])
  rig.queue(0).submit([{ at: 0x8000, length: 4 }])
  rig.driver.kick(0)
  expect(
    rig
      .queue(0)
      .takeUsed()
      .map(({ written }) => written),
  ).toEqual([256, 65536, 0])
  expect(new Set(rig.get(0x8000, 256)).size).toBeGreaterThan(64)
  expect(rig.get(0x20000 + 65536, 1000).every((byte) => byte === 0)).toBe(true)
  await rig.stop()
})
