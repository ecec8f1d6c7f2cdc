import type { MachineSpec } from '../../../src/provider/index.ts'
import { balloonPause, nextSize } from '../../../src/provider-kit/index.ts'
import type { MachineRun } from './machine-run.ts'

/** Gives a guest with a range of memory what it needs and the host the rest, until what is returned is called. */
export function moveMemory(run: MachineRun, { memory: max, memoryMin }: MachineSpec): () => void {
  if (memoryMin === undefined || memoryMin === null) return () => undefined
  const timer = setInterval(() => {
    // What stands still may be on its way into a file.
    if (run.guest === null || run.still !== null) return
    const { balloon } = run.guest
    const { available } = balloon.statistics
    balloon.requestStatistics()
    const size = max - balloon.actual
    if (available === undefined || available > size) return
    const next = nextSize({ min: memoryMin, max }, { size, available })
    if (next !== size) balloon.setTarget(max - next)
  }, balloonPause)
  timer.unref()
  return () => clearInterval(timer)
}
