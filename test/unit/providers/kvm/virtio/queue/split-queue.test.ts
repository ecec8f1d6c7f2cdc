import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Chain } from '../../../../../../providers/kvm/virtio/queue/chain.ts'
import { newCounters } from '../../../../../../providers/kvm/virtio/queue/counters.ts'
import { setupProblem } from '../../../../../../providers/kvm/virtio/queue/layout.ts'
import { SplitQueue } from '../../../../../../providers/kvm/virtio/queue/split-queue.ts'
import { DriverQueue } from '../../../../../helpers/driver-queue.ts'
import { PlainMemory } from '../../../../../helpers/guest-memory.ts'

function pair(options: { size?: number; indirect?: boolean; eventIndex?: boolean } = {}) {
  const memory = new PlainMemory()
  const driver = new DriverQueue(memory, { size: options.size ?? 8 })
  const faults: string[] = []
  const counters = newCounters()
  const queue = new SplitQueue({
    memory,
    setup: driver.setup,
    eventIndex: options.eventIndex ?? false,
    indirect: options.indirect ?? false,
    counters,
    onFault: (reason) => faults.push(reason),
  })
  return { memory, driver, queue, faults, counters }
}

function popped(queue: SplitQueue): Chain {
  const chain = queue.pop()
  if (chain === null) throw new Error('no chain')
  return chain
}

describe('a well-behaved driver', () => {
  it('has its requests counted: bytes each way, the most that waited, and what had to wait', () => {
    const { driver, queue, counters } = pair()
    for (let request = 0; request < 3; request++) {
      driver.submit([
        { at: 0x8000, length: 10 },
        { at: 0x9000, length: 16, write: true },
      ])
    }
    const chains = [popped(queue), popped(queue)]
    queue.unpop(chains.splice(1))
    queue.push(chains[0]?.head ?? 0, 7)
    expect(counters).toMatchObject({ requests: 1, fromGuest: 10, toGuest: 7, deepest: 3, stalls: 1 })
  })

  it('has its chains read and given back in the order the device likes', () => {
    const { memory, driver, queue } = pair()
    memory.slice(0x8000, 4)?.set([1, 2, 3, 4])
    const first = driver.submit([
      { at: 0x8000, length: 4 },
      { at: 0x9000, length: 16, write: true },
    ])
    const second = driver.submit([{ at: 2 ** 32 + 8, length: 5, write: true }])
    const a = popped(queue)
    expect(a.head).toBe(first)
    expect(a.readable.map((piece) => [...piece])).toEqual([[1, 2, 3, 4]])
    expect([a.readableLength, a.writableLength]).toEqual([4, 16])
    const b = popped(queue)
    b.writable[0]?.set([9, 9, 9, 9, 9])
    expect(queue.inFlight).toBe(2)
    queue.push(b.head, 5)
    queue.push(a.head, 0)
    expect(driver.takeUsed()).toEqual([
      { head: second, written: 5 },
      { head: first, written: 0 },
    ])
    expect([...(memory.slice(2 ** 32 + 8, 5) ?? [])]).toEqual([9, 9, 9, 9, 9])
    expect(queue.inFlight).toBe(0)
  })

  it('goes on when the 16-bit indexes wrap', () => {
    const { driver, queue, faults } = pair({ size: 4 })
    let wrong = 0
    for (let count = 0; count < 65_540; count += 1) {
      const head = driver.submit([{ at: 0x8000, length: 1, write: true }])
      if (popped(queue).head !== head) wrong += 1
      queue.push(head, 1)
      if (driver.takeUsed().length !== 1) wrong += 1
    }
    expect(wrong).toBe(0)
    expect(faults).toEqual([])
  })

  it('may send a buffer that spans windows, cut at their edges', () => {
    const { driver, queue } = pair()
    driver.submit([{ at: 65536 - 10, length: 65536 + 20 }])
    expect(popped(queue).readable.map((piece) => piece.length)).toEqual([10, 65536, 10])
  })

  it('may use a descriptor of length 0', () => {
    const { driver, queue } = pair()
    driver.submit([
      { at: 0x8000, length: 0 },
      { at: 0x8000, length: 3 },
    ])
    expect(popped(queue).readableLength).toBe(3)
  })

  it('gets chains back unseen after unpop', () => {
    const { driver, queue } = pair()
    const head = driver.submit([{ at: 0x8000, length: 1, write: true }])
    queue.unpop([popped(queue)])
    expect(queue.inFlight).toBe(0)
    expect(popped(queue).head).toBe(head)
  })

  it('uses indirect tables, after chained descriptors too, where negotiated', () => {
    const { driver, queue, faults } = pair({ indirect: true })
    driver.submitIndirect(0, 0x4000, [
      { at: 0x8000, length: 7 },
      { at: 0x9000, length: 9, write: true },
    ])
    const chain = popped(queue)
    expect([chain.readableLength, chain.writableLength]).toEqual([7, 9])
    driver.descriptor(1, { address: 0x8000, length: 1, flags: 1, next: 2 })
    driver.descriptor(2, { address: 0x4000, length: 32, flags: 4 | 2, next: 0 })
    driver.offer(1)
    expect(popped(queue).readableLength).toBe(8)
    expect(faults).toEqual([])
  })
})

describe('a driver that breaks a rule loses the queue', () => {
  const broken: [string, RegExp, (d: DriverQueue) => void, { indirect?: boolean }?][] = [
    [
      'more waiting than the queue holds',
      /9 chains are waiting/,
      (d) => {
        d.availableIndex = 9
      },
    ],
    [
      'an index that runs backwards',
      /65535 chains/,
      (d) => {
        d.availableIndex = 0xffff
      },
    ],
    ['a head outside the queue', /head 8 is outside/, (d) => d.offer(8)],
    [
      'a next outside the queue',
      /descriptor 8 is outside/,
      (d) => {
        d.descriptor(0, { address: 0x8000, length: 1, flags: 1, next: 8 })
        d.offer(0)
      },
    ],
    [
      'a chain that points at itself',
      /more than 8 descriptors/,
      (d) => {
        d.descriptor(0, { address: 0x8000, length: 1, flags: 1, next: 0 })
        d.offer(0)
      },
    ],
    [
      'an endless chain of empty buffers',
      /more than 8 descriptors/,
      (d) => {
        d.descriptor(0, { address: 0x8000, length: 0, flags: 1, next: 1 })
        d.descriptor(1, { address: 0x8000, length: 0, flags: 1, next: 0 })
        d.offer(0)
      },
    ],
    [
      'a readable buffer after a writable one',
      /readable buffer comes after/,
      (d) => {
        d.submit([
          { at: 0x8000, length: 1, write: true },
          { at: 0x8000, length: 1 },
        ])
      },
    ],
    [
      'a buffer outside RAM',
      /outside RAM/,
      (d) => {
        d.submit([{ at: 2 ** 31, length: 1 }])
      },
    ],
    [
      'a buffer that runs over the end of RAM',
      /outside RAM/,
      (d) => {
        d.submit([{ at: 2 ** 20 - 4, length: 5 }])
      },
    ],
    [
      'a buffer that runs into the hole',
      /outside RAM/,
      (d) => {
        d.submit([{ at: 0, length: 2 ** 32 - 1 }])
      },
    ],
    [
      'an address and length that overflow 64 bits',
      /outside RAM/,
      (d) => {
        d.descriptor(0, { address: 0xffff_ffff_ffff_fff0n, length: 0x20, flags: 0, next: 0 })
        d.offer(0)
      },
    ],
    [
      'an indirect descriptor not negotiated',
      /not negotiated/,
      (d) => {
        d.submitIndirect(0, 0x4000, [{ at: 0x8000, length: 1 }])
      },
    ],
    [
      'nested indirect tables',
      /lies in an indirect table/,
      (d) => {
        d.descriptorAt(0x4000, { address: 0x4000, length: 16, flags: 4, next: 0 })
        d.descriptor(0, { address: 0x4000, length: 16, flags: 4, next: 0 })
        d.offer(0)
      },
      { indirect: true },
    ],
    [
      'an indirect descriptor with a next',
      /has a next/,
      (d) => {
        d.descriptor(0, { address: 0x4000, length: 16, flags: 5, next: 1 })
        d.offer(0)
      },
      { indirect: true },
    ],
    [
      'an indirect table of odd length',
      /table of 24 bytes/,
      (d) => {
        d.descriptor(0, { address: 0x4000, length: 24, flags: 4, next: 0 })
        d.offer(0)
      },
      { indirect: true },
    ],
    [
      'an empty indirect table',
      /table of 0 bytes/,
      (d) => {
        d.descriptor(0, { address: 0x4000, length: 0, flags: 4, next: 0 })
        d.offer(0)
      },
      { indirect: true },
    ],
    [
      'an indirect table larger than the queue',
      /larger than the queue/,
      (d) => {
        d.descriptor(0, { address: 0x4000, length: 16 * 9, flags: 4, next: 0 })
        d.offer(0)
      },
      { indirect: true },
    ],
    [
      'an indirect table outside RAM',
      /table is outside RAM/,
      (d) => {
        d.descriptor(0, { address: 2 ** 20 - 16, length: 32, flags: 4, next: 0 })
        d.offer(0)
      },
      { indirect: true },
    ],
    [
      'an indirect next outside its table',
      /outside a table of 1/,
      (d) => {
        d.descriptorAt(0x4000, { address: 0x8000, length: 1, flags: 1, next: 1 })
        d.descriptor(0, { address: 0x4000, length: 16, flags: 4, next: 0 })
        d.offer(0)
      },
      { indirect: true },
    ],
    [
      'an indirect chain that points at itself',
      /more than 8 descriptors/,
      (d) => {
        d.descriptorAt(0x4000, { address: 0x8000, length: 1, flags: 1, next: 0 })
        d.descriptor(0, { address: 0x4000, length: 16, flags: 4, next: 0 })
        d.offer(0)
      },
      { indirect: true },
    ],
  ]

  it.each(broken)('%s', (_name, reason, act, options) => {
    const { driver, queue, faults } = pair(options ?? {})
    act(driver)
    expect(queue.pop()).toBeNull()
    expect(faults).toEqual([expect.stringMatching(reason)])
    driver.availableIndex = 0
    driver.submit([{ at: 0x8000, length: 1 }])
    expect(queue.pop()).toBeNull()
    expect(queue.armKicks()).toBe(false)
    expect(faults).toHaveLength(1)
  })

  it('a chain of 4 GiB or more', () => {
    class Huge extends PlainMemory {
      override pieces(gpa: number, length: number): Uint8Array[] | null {
        return length === 2 ** 31 ? [new Uint8Array(0)] : super.pieces(gpa, length)
      }
    }
    const huge = new Huge()
    const driver = new DriverQueue(huge)
    const faults: string[] = []
    const queue = new SplitQueue({
      memory: huge,
      setup: driver.setup,
      eventIndex: false,
      indirect: false,
      counters: newCounters(),
      onFault: (reason) => faults.push(reason),
    })
    driver.submit([
      { at: 0, length: 2 ** 31 },
      { at: 0, length: 2 ** 31 },
    ])
    expect(queue.pop()).toBeNull()
    expect(faults).toEqual(['a chain of 4 GiB or more'])
  })

  it('a head that the device has not given back', () => {
    const { driver, queue, faults } = pair()
    driver.submit([{ at: 0x8000, length: 1 }])
    popped(queue)
    driver.offer(0)
    expect(queue.pop()).toBeNull()
    expect(faults).toEqual(['head 0 is still in use by the device'])
  })

  it('a descriptor changed after it was read has no effect', () => {
    const { driver, queue } = pair()
    driver.submit([{ at: 0x8000, length: 4 }])
    const chain = popped(queue)
    driver.descriptor(0, { address: 2 ** 31, length: 0xffff_ffff, flags: 1, next: 99 })
    expect(chain.readable.map((piece) => piece.length)).toEqual([4])
  })
})

describe('interrupts and kicks', () => {
  it('are held back by flags without event index', () => {
    const { driver, queue } = pair()
    const use = () => {
      const head = driver.submit([{ at: 0x8000, length: 1, write: true }])
      popped(queue)
      queue.push(head, 1)
      return queue.needsInterrupt()
    }
    expect(queue.needsInterrupt()).toBe(false)
    expect(use()).toBe(true)
    driver.availableFlags = 1
    expect(use()).toBe(false)
    queue.suppressKicks()
    expect(driver.usedFlags).toBe(1)
    driver.submit([{ at: 0x8000, length: 1 }])
    expect(queue.armKicks()).toBe(true)
    expect(driver.usedFlags).toBe(0)
  })

  it('follow used_event and avail_event with event index', () => {
    const { driver, queue } = pair({ eventIndex: true })
    driver.usedEvent = 1
    const use = () => {
      const head = driver.submit([{ at: 0x8000, length: 1, write: true }])
      popped(queue)
      queue.push(head, 1)
      return queue.needsInterrupt()
    }
    expect(use()).toBe(false)
    expect(use()).toBe(true)
    expect(use()).toBe(false)
    expect(queue.armKicks()).toBe(false)
    expect(driver.availableEvent).toBe(3)
  })

  it('ask for a kick at what comes next, not at chains that were put back', () => {
    const { driver, queue } = pair({ eventIndex: true })
    for (let count = 0; count < 3; count += 1) driver.submit([{ at: 0x8000, length: 1, write: true }])
    queue.unpop([popped(queue), popped(queue)])
    expect(queue.armKicks()).toBe(true)
    // The driver kicks when its index passes this (§2.7.10): at the fourth chain.
    expect(driver.availableEvent).toBe(3)
  })

  it('ask again where the driver adds a chain while it is being asked', () => {
    const { memory, driver, queue } = pair({ eventIndex: true })
    const add = () => driver.submit([{ at: 0x8000, length: 1, write: true }])
    for (let count = 0; count < 3; count += 1) add()
    queue.unpop([popped(queue), popped(queue)])
    const store = memory.storeU16.bind(memory)
    let added = 0
    memory.storeU16 = (gpa, value) => {
      // It looked at what it was told before, and did not kick.
      if (gpa === driver.setup.used + 4 + 8 * driver.setup.size && added++ === 0) add()
      return store(gpa, value)
    }
    expect(queue.armKicks()).toBe(true)
    expect(driver.availableEvent).toBe(4)
  })

  it('never lose the last interrupt, whatever the batches (property)', () => {
    const batches = fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 200 })
    fc.assert(
      fc.property(batches, (sizes) => {
        const { driver, queue } = pair({ eventIndex: true })
        for (const size of sizes) {
          driver.usedEvent = driver.usedIndex
          for (let n = 0; n < size; n += 1) driver.submit([{ at: 0x8000, length: 1, write: true }])
          for (let n = 0; n < size; n += 1) queue.push(popped(queue).head, 1)
          expect(queue.needsInterrupt()).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('where a queue may lie', () => {
  const memory = new PlainMemory()
  const good = new DriverQueue(memory).setup
  it.each([
    [{}, null],
    [{ size: 0 }, /power of two/],
    [{ size: 6 }, /power of two/],
    [{ size: 512 }, /power of two up to 256/],
    [{ descriptors: 0x1008 }, /aligned to 16/],
    [{ available: 0x1001 }, /aligned to 2/],
    [{ used: 0x1002 }, /aligned to 4/],
    [{ descriptors: 2 ** 20 - 16 }, /descriptor table is outside/],
    [{ available: 2 ** 31 }, /available ring is outside/],
    [{ used: 2 ** 20 - 64 }, /used ring is outside/],
    [{ used: 2 ** 64 }, /used ring is outside/],
  ])('%o', (change, expected) => {
    const problem = setupProblem(memory, { ...good, ...change }, 256)
    if (expected === null) expect(problem).toBeNull()
    else expect(problem).toMatch(expected)
  })
})
