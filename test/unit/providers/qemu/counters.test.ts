import { expect, test } from 'vitest'
import { diskCounters } from '../../../../providers/qemu/counters.ts'

test('bytes of all disks are added up, and anything but a number counts as none', () => {
  const answer = [
    {
      qdev: '/machine/peripheral-anon/device[1]/virtio-backend',
      'node-name': 'disk0',
      stats: { rd_bytes: 1024, wr_bytes: 512, rd_operations: 2 },
      parent: { stats: { rd_bytes: 4096, wr_bytes: 4096 } },
    },
    { 'node-name': 'medium0', stats: { rd_bytes: 10, wr_bytes: 'none' } },
    {},
  ]
  expect(diskCounters(answer)).toEqual({ read: 1034, written: 512 })
  expect(diskCounters(null)).toEqual({ read: 0, written: 0 })
})
