import { PosadaError } from '../../src/errors/index.ts'
import { readTextIfThere, writeFileAtomic } from '../../src/lib/write-file.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import type { Accelerator } from './argv/index.ts'
import { qemuFiles } from './files.ts'

/**
 * What stands in `qemu.json` in the machine's data folder. Its presence says that `create` came to
 * its end; `run` is what was last begun, written before QEMU is started.
 */
export interface RunRecord {
  format: 1
  run?: {
    accelerator: Accelerator
    /** Of the host: with another one, the process cannot live any more. Empty where it has none. */
    bootId: string
    /** Whether we cut the power ourselves, which leaves no event behind. Written before the deed. */
    cut: boolean
  }
}

/** Null: `create` has not come to its end. */
export async function readRecord(spec: MachineSpec): Promise<RunRecord | null> {
  const path = qemuFiles(spec).record
  const text = await readTextIfThere(path)
  if (text === null) return null
  const record = parse(text)
  if (record !== null) return record
  throw new PosadaError('E_STATE_CORRUPT', 'the record of the machine cannot be understood', {
    value: path,
    machine: spec.name,
    hint: 'remove the file and run posada up again; the disks are kept',
  })
}

export async function writeRecord(spec: MachineSpec, record: RunRecord): Promise<void> {
  await writeFileAtomic(qemuFiles(spec).record, `${JSON.stringify(record)}\n`)
}

/** Changes with each start of the host. Empty on systems without it. Source: random(4). */
export async function hostBootId(): Promise<string> {
  return (await readTextIfThere('/proc/sys/kernel/random/boot_id'))?.trim() ?? ''
}

function parse(text: string): RunRecord | null {
  try {
    const { format, run } = JSON.parse(text) as Partial<RunRecord>
    if (format !== 1) return null
    if (run === undefined) return { format }
    const { accelerator, bootId, cut } = run
    const fits = ['kvm', 'hvf', 'tcg'].includes(accelerator) && typeof bootId === 'string'
    return fits ? { format, run: { accelerator, bootId, cut: cut === true } } : null
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null
    throw error
  }
}
