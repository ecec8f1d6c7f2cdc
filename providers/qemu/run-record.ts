import type { MachineSpec } from '../../src/provider/index.ts'
import { type Recorded, readRunRecord, writeRunRecord } from '../../src/provider-kit/index.ts'
import type { Accelerator } from './argv/index.ts'
import { qemuFiles } from './files.ts'

/** A run as `qemu.json` in the machine's data folder has it: what was last begun, written before QEMU is started. */
export interface Run {
  accelerator: Accelerator
  /** Of the host: with another one, the process cannot live any more. Empty where it has none. */
  bootId: string
  /** Whether we cut the power ourselves, which leaves no event behind. Written before the deed. */
  cut: boolean
}

/** Null: `create` has not finished. */
export async function readRecord(spec: MachineSpec): Promise<Recorded<Run> | null> {
  return await readRunRecord(qemuFiles(spec).record, spec.id, parseRun)
}

/** @param run null for a machine that was made and has not run yet */
export async function writeRecord(spec: MachineSpec, run: Run | null): Promise<void> {
  await writeRunRecord(qemuFiles(spec).record, spec.id, run)
}

function parseRun({ accelerator, bootId, cut }: Record<string, unknown>): Run | null {
  const known = (['kvm', 'hvf', 'tcg'] as const).find((one) => one === accelerator)
  if (known === undefined || typeof bootId !== 'string') return null
  return { accelerator: known, bootId, cut: cut === true }
}
