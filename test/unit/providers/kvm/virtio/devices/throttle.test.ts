import { expect, it } from 'vitest'
import { diskThrottle } from '../../../../../../providers/kvm/virtio/devices/blk/throttle.ts'

it('keeps to both limits, of which either may be missing', () => {
  const at = 0
  const of = (iops: number | null, bandwidth: number | null) => diskThrottle({ iops, bandwidth }, () => at)
  const both = of(10, 1_000_000)
  both.served(4096)
  expect(both.wait()).toBe(0)
  both.served(4096)
  expect(both.wait()).toBe(100)
  const large = of(null, 1_000_000)
  large.served(300_000)
  expect(large.wait()).toBe(200)
  const none = of(null, null)
  none.served(2 ** 40)
  expect(none.wait()).toBe(0)
})
