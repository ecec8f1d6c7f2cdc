import { PosadaError } from '../../src/errors/index.ts'
import { readTextIfThere, writeFileAtomic } from '../../src/lib/write-file.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { kvmFiles } from './files.ts'

/** How a run came to its end: the guest switched itself off, the power was cut, or it could not go on. */
export interface RunEnding {
  how: (typeof endings)[number]
  reason: string
}

const endings = ['off', 'cut', 'failed'] as const

/**
 * What stands in `kvm.json` in the machine's data folder. Its presence says that `create` came to its end.
 * `run` is written by the machine's own process: before the guest runs, and with its ending before the
 * process ends. A run without an ending whose process is gone was a crash.
 */
export interface RunRecord {
  format: 1
  run?: {
    pid: number
    startTime: string
    /** Of the host: with another one, the process cannot live any more. */
    bootId: string
    ending?: RunEnding
  }
}

/** Null: `create` has not come to its end. @throws PosadaError E_STATE_CORRUPT */
export async function readRecord(spec: MachineSpec): Promise<RunRecord | null> {
  const path = kvmFiles(spec).record
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
  await writeFileAtomic(kvmFiles(spec).record, `${JSON.stringify(record)}\n`)
}

/** Changes with each start of the host. Source: random(4). */
export async function hostBootId(): Promise<string> {
  return (await readTextIfThere('/proc/sys/kernel/random/boot_id'))?.trim() ?? ''
}

function parse(text: string): RunRecord | null {
  try {
    const { format, run } = JSON.parse(text) as Partial<RunRecord>
    if (format !== 1) return null
    if (run === undefined) return { format }
    const { pid, startTime, bootId, ending } = run
    const fits = typeof pid === 'number' && typeof startTime === 'string' && typeof bootId === 'string'
    if (!fits) return null
    if (ending === undefined) return { format, run: { pid, startTime, bootId } }
    const { how, reason } = ending
    const known = endings.includes(how) && typeof reason === 'string'
    return known ? { format, run: { pid, startTime, bootId, ending: { how, reason } } } : null
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null
    throw error
  }
}
