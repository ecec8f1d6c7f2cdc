import { readFile, stat } from 'node:fs/promises'
import { PosadaError } from '../../errors/index.ts'
import type { ShellStep } from '../../manifest/index.ts'
import { explainSource, sourceError } from '../errors.ts'

/** Bytes that a script may have. */
export const scriptLimit = 16 * 1024 * 1024

/** The script's bytes. E_PROVISION_SOURCE where its file cannot be read or is not a script. */
export async function readScript(step: ShellStep): Promise<Buffer> {
  if ('inline' in step.source) {
    const text = step.source.inline
    return Buffer.from(text.endsWith('\n') ? text : `${text}\n`)
  }
  if ('bytes' in step.source) return Buffer.from(step.source.bytes)
  const { path } = step.source
  try {
    const file = await stat(path)
    if (!file.isFile()) throw sourceError(step, path, { why: 'is not a file' })
    if (file.size > scriptLimit)
      throw sourceError(step, path, { why: `is larger than ${scriptLimit / 1024 / 1024} MiB` })
    const script = await readFile(path)
    if (hasWindowsLineEnds(script)) throw windowsLineEnds(step, path)
    return script
  } catch (error) {
    throw explainSource(step, path, error)
  }
}

/** Whether the first line, which names the interpreter, would end in a carriage return. */
function hasWindowsLineEnds(script: Buffer): boolean {
  const end = script.indexOf('\n')
  return end > 0 && script[end - 1] === 13
}

function windowsLineEnds(step: ShellStep, path: string): PosadaError {
  return new PosadaError(
    'E_PROVISION_SOURCE',
    `provision step ${step.name}: ${path} has Windows line endings (CRLF)`,
    {
      value: path,
      place: step.place,
      hint: `sed -i 's/\\r$//' '${path}'; in Git, put '*.sh text eol=lf' into .gitattributes`,
    },
  )
}
