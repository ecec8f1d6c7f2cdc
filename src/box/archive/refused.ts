import { PosadaError } from '../../errors/index.ts'

/** What is wrong with an archive: `source is not a box: problem`. */
export function refused(source: string, problem: string, hint?: string): PosadaError {
  return new PosadaError('E_BOX_INVALID', `${source} is not a box: ${problem}`, {
    value: source,
    hint: hint ?? 'a box archive holds box.json and the files that it names, and nothing else',
  })
}

export function truncated(source: string): PosadaError {
  return refused(source, 'it ends too early', 'get the archive again from where it came from')
}
