import { isPosadaError, PosadaError } from '../errors/index.ts'
import { Problems } from './problems.ts'
import { readSource } from './read-file.ts'
import type { Node } from './source/node.ts'
import { parseYaml } from './source/parse-yaml.ts'
import { makeSource } from './source/source.ts'

/**
 * Reads YAML (or JSON) that another tool wrote or reads, within the limits of a manifest: merge keys are carried out,
 * tags say nothing. Undefined where the file holds nothing; E_CONVERSION with the problems where it is not YAML.
 */
export function readForeignYaml(file: string, text: string): Node | undefined {
  const problems = new Problems()
  const fail = (message: string, options: { cause?: unknown; problems?: readonly PosadaError[] }) =>
    new PosadaError('E_CONVERSION', `${file} ${message}`, { value: file, ...options })
  try {
    const node = parseYaml(makeSource(file, text), problems.report, { foreign: true })
    if (problems.any) throw fail('has problems', { problems: problems.toError([file]).problems })
    return node
  } catch (error) {
    if (!isPosadaError(error, 'E_MANIFEST_TOO_LARGE')) throw error
    throw fail('is nested too deeply, or has too many parts', { cause: error })
  }
}

/** The text of a file of another tool, of at most the size of a manifest; E_CONVERSION where it cannot be read as one. */
export async function readForeignText(file: string): Promise<string> {
  const problems = new Problems()
  const fail = (message: string, hint: string, cause?: unknown) =>
    new PosadaError('E_CONVERSION', message, { value: file, hint, cause })
  try {
    const source = await readSource(file, problems.report)
    if (source !== undefined) return source.text
  } catch (error) {
    if (isPosadaError(error, 'E_MANIFEST_TOO_LARGE'))
      throw fail(`${file} is larger than 1 MiB`, 'start from a template instead: posada init')
    throw isPosadaError(error, 'E_MANIFEST_READ') ? fail(error.message, error.hint ?? '', error) : error
  }
  if (problems.any) throw fail(`${file} is not in UTF-8`, 'save the file in UTF-8')
  throw fail(`${file} does not exist`, 'check the path')
}
