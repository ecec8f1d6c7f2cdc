import { expect, it } from 'vitest'
import { beginTrace, traceExit } from '../../../../../providers/kvm/vcpu/exit-trace.ts'
import type { Exit } from '../../../../../providers/kvm/vcpu/run-page.ts'
import { cell, createSharedState, mostTraced } from '../../../../../providers/kvm/vcpu/shared-state.ts'

const out: Exit = { kind: 'port', write: true, port: 0xcf8, size: 4, count: 1, dataOffset: 0 }

it('a trace has each exit with what was accessed, in the order of time, and ends', () => {
  const shared = createSharedState()
  const { cells } = shared
  const end = beginTrace(3, shared)
  expect(cells[cell.tracing]).toBe(1)
  traceExit(cells, out)
  traceExit(cells, { kind: 'memory', write: false, address: 0x1_fedc_ba98, length: 8 })
  traceExit(cells, { kind: 'halt' })
  const { exits, lost } = end()
  expect(lost).toBe(0)
  expect(cells[cell.tracing]).toBe(0)
  expect(exits.map(({ at: _, ...rest }) => rest)).toEqual([
    { vcpu: 3, kind: 'port', access: { write: true, address: 0xcf8, length: 4 } },
    { vcpu: 3, kind: 'memory', access: { write: false, address: 0x1_fedc_ba98, length: 8 } },
    { vcpu: 3, kind: 'halt' },
  ])
  const times = exits.map(({ at }) => at)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
  expect(Math.min(...times)).toBeGreaterThanOrEqual(0)
})

it('a trace that has no room left counts the others, and the next one begins with none', () => {
  const shared = createSharedState()
  const end = beginTrace(0, shared)
  for (let left = mostTraced + 5; left > 0; left -= 1) traceExit(shared.cells, out)
  const { exits, lost } = end()
  expect([exits.length, lost]).toEqual([mostTraced, 5])
  expect(exits.at(-1)).toMatchObject({ kind: 'port' })
  expect(beginTrace(0, shared)()).toEqual({ exits: [], lost: 0 })
})
