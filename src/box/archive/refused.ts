import { PosadaError } from '../../errors/index.ts'

/** What is wrong with an archive: `source is not a box: problem`. */
export function refused(source: string, problem: string, hint?: string): PosadaError {
  return new PosadaError('E_BOX_INVALID', `${source} is not a box: ${problem}`, {
    value: source,
    hint: hint ?? 'a box archive contains box.json, the files that it names, and nothing else',
  })
}

export function truncated(source: string): PosadaError {
  return refused(source, 'it is truncated', 'get the archive again from its source')
}
