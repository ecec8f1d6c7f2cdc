import { readFile } from 'node:fs/promises'
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import { type Place, PosadaError } from '../../errors/index.ts'
import { maskedLine } from '../../lib/text/masked-text.ts'
import { yamlExcess } from '../../lib/text/yaml-bounds.ts'
import { type Flaw, readShape, type Shape } from '../../lib/values/shape.ts'

/** A recipe.yaml as it was read, and where in it things stand. */
export interface RecipeFile {
  path: string
  data: unknown
  /** Of a key such as `packages.0`, or of what is nearest above it. */
  placeOf(key: string): Place
}

/** Reads `<path>` as YAML without aliases. E_BOX_BUILD with the place of what is wrong with it. */
export async function readRecipeFile(path: string): Promise<RecipeFile> {
  const text = await readFile(path, 'utf8')
  const excess = yamlExcess(text)
  if (excess !== null)
    throw wrong(path, [
      { message: `the recipe ${excess}`, place: { file: path, line: 1, column: 1, text: '' } },
    ])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    const shown = maskedLine(text.split('\n')[line - 1] ?? '').slice(0, 200)
    return { file: path, line, column: col, text: shown }
  }
  const [error] = document.errors
  if (error !== undefined) throw wrong(path, [{ message: error.message, place: at(error.pos[0]) }], error)
  return { path, data: toData(document, path, at), placeOf: (key) => at(offsetOf(document, key.split('.'))) }
}

/** What the file has to look like; E_BOX_BUILD tells all that is wrong with it, each with its place. */
export function readRecipeShape<T>({ path, data, placeOf }: RecipeFile, shape: Shape<T>): T {
  const result = readShape(shape, data)
  if ('value' in result) return result.value
  throw wrong(
    path,
    result.flaws.map((message) => ({ message, place: placeOf(keyOf(message)) })),
  )
}

function toData(document: Document, path: string, at: (offset: number) => Place): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    // An alias; none are allowed.
    if (cause instanceof ReferenceError) throw wrong(path, [{ message: cause.message, place: at(0) }], cause)
    throw cause
  }
}

/** Where the last key that is there begins: that of an unknown key itself, else the value's. */
function offsetOf(document: Document, keys: readonly string[]): number {
  const parent = document.getIn(keys.slice(0, -1), true)
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === keys.at(-1))
    : undefined
  const found =
    isPair(pair) && isNode(pair.key)
      ? pair.key
      : document.getIn(
          keys.map((key) => indexOrKey(key)),
          true,
        )
  if (isNode(found) && found.range) return found.range[0]
  return keys.length <= 1 ? 0 : offsetOf(document, keys.slice(0, -1))
}

function indexOrKey(key: string): string | number {
  return /^\d+$/.test(key) ? Number(key) : key
}

function keyOf(flaw: Flaw): string {
  return flaw.slice(0, Math.max(0, flaw.indexOf(': ')))
}

interface Problem {
  message: string
  place: Place
}

export function wrong(path: string, problems: readonly Problem[], cause?: unknown): PosadaError {
  const single = problems.map(
    ({ message, place }) =>
      new PosadaError('E_BOX_BUILD', `the recipe ${path} is not valid: ${message}`, {
        value: path,
        place,
        hint: 'docs/recipes.md explains recipes',
        ...(cause === undefined ? {} : { cause }),
      }),
  )
  const [first] = single
  if (first === undefined) throw new Error('a wrong recipe without a problem')
  if (single.length === 1) return first
  return new PosadaError('E_BOX_BUILD', `${first.message}, and more`, { value: path, problems: single })
}
