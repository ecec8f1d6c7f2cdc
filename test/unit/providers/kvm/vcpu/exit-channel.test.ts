import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { createBus } from '../../../../../providers/kvm/bus/bus.ts'
import { answerAccess, answerBurst } from '../../../../../providers/kvm/vcpu/exit-channel.ts'
import { access, cell, createSharedState, request } from '../../../../../providers/kvm/vcpu/shared-state.ts'

/** Another thread that makes `count` reads of port `i & 0xff`, and rings while no one watches. */
const reader = `
const { workerData: { buffer, watching, bells, count }, parentPort } = require('node:worker_threads')
const cells = new Int32Array(buffer), watch = new Int32Array(watching), bell = new Int32Array(bells)
let wrong = 0
for (let i = 0; i < count; i++) {
  cells[${cell.kind}] = ${access.portRead}; cells[${cell.addressLow}] = i & 0xff; cells[${cell.length}] = 1
  Atomics.store(cells, ${cell.request}, ${request.pending})
  if (Atomics.load(watch, 0) === 0) { Atomics.store(bell, 0, 1); Atomics.notify(bell, 0) }
  while (Atomics.load(cells, ${cell.request}) === ${request.pending}) Atomics.wait(cells, ${cell.request}, ${request.pending}, 1000)
  if (new Uint8Array(buffer, ${cell.data * 4}, 1)[0] !== ((i & 0xff) ^ 0x5a)) wrong++
}
parentPort.postMessage(wrong)
`

describe('exit channel', () => {
  it('answers an access of each kind, and none where none waits', () => {
    const shared = createSharedState()
    const [ports, memory] = [createBus(2 ** 16), createBus(2 ** 52)]
    const written: [number, number[]][] = []
    memory.claim(2 ** 40, 16, {
      read: (offset, data) => data.fill(offset + 1),
      write: (offset, data) => written.push([offset, [...data]]),
    })
    expect(answerAccess(shared, ports, memory)).toBe(false)
    const ask = (kind: number, length: number, bytes: number[]) => {
      shared.data.set(bytes)
      shared.cells.set([kind, 4, 2 ** 8, length], cell.kind)
      Atomics.store(shared.cells, cell.request, request.pending)
      expect(answerAccess(shared, ports, memory)).toBe(true)
      expect(Atomics.load(shared.cells, cell.request)).toBe(request.none)
      return [...shared.data.subarray(0, length)]
    }
    expect(ask(access.memoryRead, 2, [0, 0])).toEqual([5, 5])
    ask(access.memoryWrite, 4, [1, 2, 3, 4])
    expect(written).toEqual([[4, [1, 2, 3, 4]]])
    expect(ask(access.portRead, 1, [0])).toEqual([0xff])
    ask(access.portWrite, 1, [0])
  })

  it('passes on what a device throws, and neither leaves the vCPU waiting nor stops to be rung', () => {
    const shared = createSharedState()
    const ports = createBus(2 ** 16)
    const broken = () => {
      throw new Error('a bug')
    }
    ports.claim(0, 1, { read: broken, write: broken })
    shared.cells.set([access.portRead, 0, 0, 1], cell.kind)
    Atomics.store(shared.cells, cell.request, request.pending)
    const watching = new Int32Array(new SharedArrayBuffer(4))
    expect(() => answerBurst(watching, () => answerAccess(shared, ports, ports))).toThrow('a bug')
    expect([watching[0], shared.cells[cell.request]]).toEqual([0, request.none])
  })

  it('loses no access and no bell between two threads', async () => {
    const shared = createSharedState()
    const ports = createBus(2 ** 16)
    ports.claim(0, 256, { read: (offset, data) => data.fill(offset ^ 0x5a), write: () => undefined })
    const watching = new Int32Array(new SharedArrayBuffer(4))
    const bell = new Int32Array(new SharedArrayBuffer(4))
    const count = 20_000
    const worker = new Worker(reader, {
      eval: true,
      workerData: { buffer: shared.buffer, watching: watching.buffer, bells: bell.buffer, count },
    })
    let answered = 0
    let wrong: number | undefined
    worker.once('message', (message: number) => {
      wrong = message
    })
    const answer = () => {
      const any = answerAccess(shared, ports, ports)
      if (any) answered++
      return any
    }
    const deadline = Date.now() + 15_000
    try {
      while (wrong === undefined && Date.now() < deadline) {
        // Sleeps until the bell rings, and misses no ring before.
        if (Atomics.exchange(bell, 0, 0) === 1) answerBurst(watching, answer)
        else await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      await worker.terminate()
    }
    expect({ wrong, answered }).toEqual({ wrong: 0, answered: count })
  })
})
