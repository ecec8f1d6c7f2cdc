import { Composer, type Document } from 'yaml'
import { PosadaError } from '../../errors/index.ts'
import { boundedTokens } from '../../lib/text/yaml-bounds.ts'
import { limits } from '../limits.ts'
import type { Report } from '../problems.ts'
import { findControlCharacter } from './control-characters.ts'
import { convert } from './convert.ts'
import type { Node } from './node.ts'
import { placeOf, type Source } from './source.ts'
import { yamlProblems } from './yaml-problems.ts'

/**
 * Parses one YAML 1.2 document into located nodes; undefined after reporting problems, or when the
 * file holds nothing. Throws E_MANIFEST_TOO_LARGE where the file would take more than `limits`
 * allow, before the work is done.
 */
export function parseYaml(
  source: Source,
  report: Report,
  { foreign = false }: { foreign?: boolean } = {},
): Node | undefined {
  const control = findControlCharacter(source)
  if (control !== undefined) {
    report(control)
    return undefined
  }
  // Duplicate keys are found by `convert`: the composer's own search takes quadratic time.
  const composer = new Composer({ uniqueKeys: false, version: '1.2', schema: 'core', merge: false })
  const tokens = boundedTokens(source.text, limits, (...found) => tooLarge(source, ...found))
  const documents = [...composer.compose(tokens, true, source.text.length)]
  const [first, second] = documents
  if (first === undefined) return undefined
  const errors = yamlProblems(documents, source)
  for (const error of errors) report(error)
  if (errors.length > 0) return undefined
  if (second !== undefined) {
    const start = second.range[0]
    const marker = source.text.lastIndexOf('---', start)
    report({
      code: 'E_YAML',
      message: 'the file holds several YAML documents; a manifest is one',
      span: { source, start: marker < 0 ? start : marker, end: (marker < 0 ? start : marker) + 3 },
      hint: "remove the line '---' and what follows it",
    })
    return undefined
  }
  return convert(first as Document.Parsed, source, { report, foreign })
}

function tooLarge(source: Source, problem: string, offset: number): PosadaError {
  return new PosadaError('E_MANIFEST_TOO_LARGE', `the manifest ${problem}`, {
    value: source.file,
    place: placeOf({ source, start: offset, end: offset + 1 }),
    hint: 'a manifest is a few hundred lines of settings; move data into separate files',
  })
}
