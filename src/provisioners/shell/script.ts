import { readFile, stat } from 'node:fs/promises'
import type { ShellStep } from '../../manifest/index.ts'
import { explainSource, sourceError } from '../errors.ts'

/** Bytes that a script may have. */
export const scriptLimit = 16 * 1024 * 1024

/** The script's bytes. E_PROVISION_SOURCE where its file cannot be read or is no script. */
export async function readScript(step: ShellStep): Promise<Buffer> {
  if ('inline' in step.source) {
    const text = step.source.inline
    return Buffer.from(text.endsWith('\n') ? text : `${text}\n`)
  }
  if ('bytes' in step.source) return Buffer.from(step.source.bytes)
  const { path } = step.source
  try {
    const file = await stat(path)
    if (!file.isFile()) throw sourceError(step, path, 'is not a file')
    if (file.size > scriptLimit)
      throw sourceError(step, path, `is larger than ${scriptLimit / 1024 / 1024} MiB`)
    return await readFile(path)
  } catch (error) {
    throw explainSource(step, path, error)
  }
}
