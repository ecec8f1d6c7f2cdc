import { isPosadaError, PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'

/**
 * Reads one of Posada's own JSON files; null where there is none. `version` is the newest form this
 * Posada knows: a newer one is E_STATE_VERSION, text that is not a JSON object is E_STATE_CORRUPT.
 */
export async function readJsonFile(
  path: string,
  version: number,
  hint: string,
): Promise<Record<string, unknown> | null> {
  const file = { path, hint }
  const text = await readTextIfThere(path).catch((error: unknown) => {
    throw isErrno(error, 'EISDIR') ? corrupt(file, 'it is a folder', error) : error
  })
  if (text === null) return null
  const value = parse(text, file)
  if (typeof value.version !== 'number') throw corrupt(file, 'it has no version')
  if (value.version > version) {
    throw new PosadaError('E_STATE_VERSION', `${path} was written by a newer Posada`, {
      value: `version ${value.version}`,
      hint: `update Posada; this one knows version ${version}`,
    })
  }
  return value
}

/** Writes a JSON file whole or not at all. */
export async function writeJsonFile(path: string, value: object): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
}

/** What was read; null also where the file makes no sense, or was written by a newer Posada or by somebody else. */
export async function unlessDamaged<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (isDamage(error)) return null
    throw error
  }
}

/** Whether an error says that a file of Posada's own is there and of no use. */
export function isDamage(error: unknown): error is PosadaError {
  return (['E_STATE_CORRUPT', 'E_STATE_VERSION', 'E_STATE_FOREIGN'] as const).some((code) =>
    isPosadaError(error, code),
  )
}

interface OwnFile {
  path: string
  /** What to do where it is of no use. */
  hint: string
}

/** The error of a file that is there and makes no sense. */
export function corrupt({ path, hint }: OwnFile, why: string, cause?: unknown): PosadaError {
  return new PosadaError('E_STATE_CORRUPT', `${path} cannot be understood: ${why}`, {
    value: path,
    hint,
    ...(cause === undefined ? {} : { cause }),
  })
}

function parse(text: string, file: OwnFile): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw corrupt(file, 'it is not JSON', error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw corrupt(file, 'it is not a JSON object')
  }
  return value as Record<string, unknown>
}
