import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { PosadaError } from '../../errors/index.ts'
import { namePattern, userPattern } from '../../lib/box-names.ts'
import { list, oneOf, optional, orNull, readShape, record, shape, text, truth } from '../../lib/shape.ts'
import { parseSize } from '../../lib/units.ts'

/** What is needed to make a box; docs/boxes.md explains each. Sizes are bytes. */
export interface Recipe {
  /** The folder of recipe.yaml. */
  dir: string
  name: string
  description: string
  arch: ('x86_64' | 'aarch64')[]
  /** Debian's release: `bookworm`. */
  suite: string
  /** mmdebstrap's: `extract` only unpacks, the others configure. */
  variant: 'extract' | 'custom' | 'essential' | 'apt' | 'minbase'
  packages: string[]
  disk: number
  kernel: { cmdline: string; modules: string[] } | null
  firmware: 'bios' | null
  login: { user: string }
  announcesReady: boolean
  agent: boolean
  minMemory: number
}

const size = shape('not a size such as 512MiB', (value) => {
  const parsed = typeof value === 'string' ? parseSize(value) : undefined
  return parsed !== undefined && 'value' in parsed ? parsed.value : undefined
})
const word = text({ pattern: /^[A-Za-z0-9][A-Za-z0-9+._:-]*$/, problem: 'not a plain word' })
const recipe = record<Omit<Recipe, 'dir'>>({
  name: text({ pattern: namePattern, problem: 'not a name like debian/12' }),
  description: text({ max: 500 }),
  arch: list(oneOf(['x86_64', 'aarch64']), { min: 1 }),
  suite: word,
  variant: oneOf(['extract', 'custom', 'essential', 'apt', 'minbase']),
  packages: list(word, { min: 1 }),
  disk: size,
  kernel: optional(
    orNull(record<NonNullable<Recipe['kernel']>>({ cmdline: text({ max: 1500 }), modules: list(word) })),
    null,
  ),
  firmware: optional(orNull(oneOf(['bios'])), null),
  login: record<Recipe['login']>({ user: text({ pattern: userPattern, problem: 'not a user name' }) }),
  announcesReady: optional(truth(), true),
  agent: optional(truth(), false),
  minMemory: size,
})

/** Reads `<dir>/recipe.yaml`. E_BOX_BUILD says what is wrong with it. */
export async function readRecipe(dir: string): Promise<Recipe> {
  const file = join(dir, 'recipe.yaml')
  const result = readShape(recipe, parseRecipe(await readFile(file, 'utf8'), file))
  if ('flaws' in result) throw wrong(file, result.flaws)
  return { dir, ...result.value }
}

function parseRecipe(text: string, file: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 })
  } catch (cause) {
    // ReferenceError: an alias, of which there are to be none.
    if (cause instanceof YAMLParseError || cause instanceof ReferenceError)
      throw wrong(file, [cause.message], cause)
    throw cause
  }
}

function wrong(file: string, details: string[], cause?: unknown): PosadaError {
  return new PosadaError('E_BOX_BUILD', `the recipe ${file} is wrong: ${details[0]}`, {
    value: file,
    details,
    hint: 'docs/boxes.md explains recipes',
    cause,
  })
}
