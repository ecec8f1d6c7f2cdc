import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import { isObject } from '../lib/values/as-object.ts'

/** What a provider has written down of a machine, in a file of the machine's data folder that says that it was made. */
export interface Recorded<Run> {
  /** The last run; null where it never ran, or that cannot be known. */
  run: Run | null
  /** The file is there and cannot be understood: whether and how it ran must be found out by other means. */
  damaged: boolean
}

const format = 1

/**
 * Reads the record of the machine with this id; null where there is none. A record that came with a copied
 * folder is another machine's, whose process is not ours: it only says that the disks are there.
 *
 * @param parseRun null for something that is not a run
 */
export async function readRunRecord<Run>(
  path: string,
  machine: string,
  parseRun: (run: Record<string, unknown>) => Run | null,
): Promise<Recorded<Run> | null> {
  const text = await readTextIfThere(path)
  if (text === null) return null
  const record = parseObject(text)
  if (record?.format !== format || typeof record.machine !== 'string') return { run: null, damaged: true }
  if (record.machine !== machine || record.run === undefined) return { run: null, damaged: false }
  const run = isObject(record.run) ? parseRun(record.run) : null
  return { run, damaged: run === null }
}

/** Writes the record whole or not at all. */
export async function writeRunRecord(path: string, machine: string, run: object | null): Promise<void> {
  const record = { format, machine, ...(run === null ? {} : { run }) }
  await writeFileAtomic(path, `${JSON.stringify(record)}\n`)
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
