import { rm } from 'node:fs/promises'
import type { MachineSpec } from '../../src/provider/index.ts'
import { type Recorded, readRunRecord, writeRunRecord } from '../../src/provider-kit/index.ts'
import { kvmFiles } from './files.ts'

/** How a run ended: the guest switched itself off, the power was cut, or it could not go on. */
export interface RunEnding {
  how: (typeof endings)[number]
  reason: string
}

const endings = ['off', 'cut', 'failed'] as const

/**
 * A run as `kvm.json` in the machine's data folder has it, written by the machine's own process: before the
 * guest reaches its disks, and with its ending before the process ends. One without an ending whose process is gone was
 * a crash.
 */
export interface Run {
  pid: number
  startTime: string
  /** Of the host: with another one, the process cannot be alive. */
  bootId: string
  ending?: RunEnding
}

/** Null: `create` has not finished. */
export async function readRecord(spec: MachineSpec): Promise<Recorded<Run> | null> {
  return await readRunRecord(kvmFiles(spec).record, spec.id, parseRun)
}

/**
 * Says also that no start is under way that it does not tell of.
 *
 * @param run null for a machine that was made and has not run yet
 */
export async function writeRecord(spec: MachineSpec, run: Run | null): Promise<void> {
  const { record, starting } = kvmFiles(spec)
  await writeRunRecord(record, spec.id, run)
  await rm(starting, { force: true })
}

function parseRun({ pid, startTime, bootId, ending }: Record<string, unknown>): Run | null {
  if (typeof pid !== 'number' || typeof startTime !== 'string' || typeof bootId !== 'string') return null
  if (ending === undefined) return { pid, startTime, bootId }
  const parsed = parseEnding(ending)
  return parsed === null ? null : { pid, startTime, bootId, ending: parsed }
}

function parseEnding(ending: unknown): RunEnding | null {
  if (typeof ending !== 'object' || ending === null) return null
  const { how, reason } = ending as Record<string, unknown>
  const known = endings.find((one) => one === how)
  return known !== undefined && typeof reason === 'string' ? { how: known, reason } : null
}
