import { describe, expect, it } from 'vitest'
import { BufferPool } from '../../../../src/box/oci/buffer-pool.ts'

describe('BufferPool', () => {
  it('lends what was given back where it is large enough', () => {
    const pool = new BufferPool()
    const first = pool.take(1_000_000)
    expect(first).toHaveLength(1_000_000)
    pool.give(first)
    const second = pool.take(1_040_000)
    expect(second.buffer).toBe(first.buffer)
    expect(second).toHaveLength(1_040_000)
    pool.give(second)
    expect(pool.take(2_000_000).buffer).not.toBe(first.buffer)
  })

  it('lends nothing twice', () => {
    const pool = new BufferPool()
    const [one, other] = [pool.take(10), pool.take(10)]
    expect(one.buffer).not.toBe(other.buffer)
  })
})
