import { z } from 'zod'
import { PosadaError } from '../../src/errors/index.ts'
import { readTextIfThere, writeFileAtomic } from '../../src/lib/write-file.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { kvmFiles } from './files.ts'

/** How a run came to its end: the guest switched itself off, the power was cut, or it could not go on. */
const ending = z.object({ how: z.enum(['off', 'cut', 'failed']), reason: z.string() })

const runRecord = z.object({
  format: z.literal(1),
  run: z
    .object({
      pid: z.number(),
      startTime: z.string(),
      /** Of the host: with another one, the process cannot live any more. */
      bootId: z.string(),
      ending: ending.optional(),
    })
    .optional(),
})

/**
 * What stands in `kvm.json` in the machine's data folder. Its presence says that `create` came to its end.
 * `run` is written by the machine's own process: before the guest runs, and with its ending before the
 * process ends. A run without an ending whose process is gone was a crash.
 */
export type RunRecord = z.infer<typeof runRecord>
export type RunEnding = z.infer<typeof ending>

/** Null: `create` has not come to its end. @throws PosadaError E_STATE_CORRUPT */
export async function readRecord(spec: MachineSpec): Promise<RunRecord | null> {
  const path = kvmFiles(spec).record
  const text = await readTextIfThere(path)
  if (text === null) return null
  const parsed = runRecord.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
