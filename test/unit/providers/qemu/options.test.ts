import { expect, test } from 'vitest'
import { checkQemuOptions, qemuOptions } from '../../../../providers/qemu/options.ts'

test('takes what it knows', () => {
  const options = {
    machine: 'q35,smm=off',
    accel: 'tcg',
    cpu: 'EPYC,+svm,+npt',
    args: ['-device', 'edu'],
    binary: 'qemu',
  }
  expect(checkQemuOptions(options)).toEqual([])
  expect(qemuOptions(options)).toEqual(options)
  expect(qemuOptions({ accel: 'auto' })).toEqual({ args: [] })
})

test.each([
  [{ machne: 'pc' }, ['machne']],
  [{ machine: '' }, ['machine']],
  [{ cpu: 4 }, ['cpu']],
  [{ accel: 'xen' }, ['accel']],
  [{ args: '-device edu' }, ['args']],
  [{ args: ['-smp', 4] }, ['args', 1]],
  [{ args: ['a\0b'] }, ['args', 0]],
])('tells where %j is wrong', (options, path) => {
  expect(checkQemuOptions(options)).toEqual([
    expect.objectContaining({ path, message: expect.stringMatching(/\S/) }),
  ])
})

test('tells all problems at once', () => {
  expect(checkQemuOptions({ x: 1, args: [1, 2], cpu: null })).toHaveLength(4)
})
