import { closeSync, fstatSync, openSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  cell,
  command,
  commandOf,
  createSharedState,
} from '../../../../../providers/kvm/vcpu/shared-state.ts'
import type { VcpuThread } from '../../../../../providers/kvm/vcpu/thread.ts'
import { beginVcpu } from '../../../../../providers/kvm/vcpu/vcpu.ts'

/** A thread that obeys so many milliseconds after it is told to stop, as one does on a host under load. */
const slowThread = `
const { workerData: { buffer, vcpu, tid, after }, parentPort } = require('node:worker_threads')
const cells = new Int32Array(buffer)
parentPort.postMessage({ type: 'ready', vcpu, tid })
while ((Atomics.load(cells, ${cell.command}) & 3) !== ${command.stop}) Atomics.wait(cells, ${cell.command}, Atomics.load(cells, ${cell.command}), 5)
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, after)
Atomics.store(cells, ${cell.ended}, 1)
parentPort.postMessage({ type: 'ended', ending: { why: 'stopped' } })
`

function slowVcpu(after: number) {
  const shared = createSharedState()
  const kvm = openSync('/dev/null', 'r')
  onTestFinished(() => closeSync(kvm))
  const vcpu = openSync('/dev/null', 'r')
  // Kicks reach this thread, where the signal's handler does nothing.
  const workerData = { buffer: shared.buffer, vcpu, tid: process.pid, after }
  const worker = new Worker(slowThread, { eval: true, workerData })
  const failed = new Promise<Error>((resolve) => worker.once('error', resolve))
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const thread: VcpuThread = { id: 7, cpus: 1, worker, shared, failed, exited }
  const logged: string[] = []
  const begun = beginVcpu(thread, { kvm, start: null, log: (message) => logged.push(message) })
  begun.ready.catch(() => undefined)
  return { begun, logged, vcpu, shared }
}

describe('a vCPU', () => {
  it('that takes longer than a second to stop is waited for, and told of once', async () => {
    const { begun, logged, vcpu, shared } = slowVcpu(1300)
    await Promise.all([begun.stop(), begun.stop()])
    expect(commandOf(shared.cells[cell.command] ?? 0)).toBe(command.stop)
    expect(await begun.ended).toEqual({ why: 'stopped' })
    expect(logged).toEqual([expect.stringMatching(/vCPU 7 .* waiting for it/)])
    expect(() => fstatSync(vcpu)).toThrow('EBADF')
  })

  it('that is told to stop while it is told to pause does both', async () => {
    const { begun, vcpu } = slowVcpu(20)
    await Promise.all([begun.pause(), begun.stop()])
    await begun.pause()
    expect(() => fstatSync(vcpu)).toThrow('EBADF')
  })
})
