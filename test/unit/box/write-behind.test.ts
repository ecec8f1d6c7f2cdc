import { describe, expect, it } from 'vitest'
import { WriteBehind } from '../../../src/box/write-behind.ts'

const MiB = 2 ** 20

/** A file whose flushes end when the test says so. */
function fileOf(): { datasync: () => Promise<void>; flushes: { end: (error?: Error) => void }[] } {
  const flushes: { end: (error?: Error) => void }[] = []
  const datasync = () =>
    new Promise<void>((resolve, reject) => {
      flushes.push({ end: (error) => (error === undefined ? resolve() : reject(error)) })
    })
  return { datasync, flushes }
}

describe('WriteBehind', () => {
  it('flushes when enough was written, one flush at a time', async () => {
    const file = fileOf()
    const behind = new WriteBehind(file)
    behind.wrote(31 * MiB)
    expect(file.flushes).toHaveLength(0)
    behind.wrote(MiB)
    behind.wrote(100 * MiB)
    expect(file.flushes).toHaveLength(1)
    file.flushes[0]?.end()
    await behind.settle()
    behind.wrote(0)
    expect(file.flushes).toHaveLength(2)
    file.flushes[1]?.end()
    await behind.settle()
  })

  it('keeps a failure until it is asked for, for the system tells it once', async () => {
    const file = fileOf()
    const behind = new WriteBehind(file)
    behind.wrote(32 * MiB)
    file.flushes[0]?.end(new Error('EIO'))
    await expect(behind.settle()).rejects.toThrow('EIO')
    await expect(behind.settle()).rejects.toThrow('EIO')
  })
})
