import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { z } from 'zod'
import { PosadaError } from '../../errors/index.ts'
import { parseSize } from '../../lib/units.ts'
import { namePattern } from '../names.ts'

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

const size = z.string().transform((text, context) => {
  const parsed = parseSize(text)
  if ('value' in parsed) return parsed.value
  context.addIssue({ code: 'custom', message: `${parsed.problem}; ${parsed.hint ?? ''}` })
  return z.NEVER
})
const word = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._:-]*$/, 'is not a plain word')
const schema = z.strictObject({
  name: z.string().regex(namePattern, 'is not a name like debian/12'),
  description: z.string().max(500),
  arch: z.array(z.enum(['x86_64', 'aarch64'])).min(1),
  suite: word,
  variant: z.enum(['extract', 'custom', 'essential', 'apt', 'minbase']),
  packages: z.array(word).min(1),
  disk: size,
  kernel: z
    .strictObject({ cmdline: z.string().max(1500), modules: z.array(word) })
    .nullable()
    .default(null),
  firmware: z.literal('bios').nullable().default(null),
  login: z.strictObject({ user: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/) }),
  announcesReady: z.boolean().default(true),
  agent: z.boolean().default(false),
  minMemory: size,
})

/** Reads `<dir>/recipe.yaml`. E_BOX_BUILD says what is wrong with it. */
export async function readRecipe(dir: string): Promise<Recipe> {
  const file = join(dir, 'recipe.yaml')
  try {
    return { dir, ...schema.parse(parse(await readFile(file, 'utf8'), { maxAliasCount: 0 })) }
  } catch (cause) {
    if (cause instanceof z.ZodError)
      throw wrong(
        file,
        cause.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
        cause,
      )
    if (cause instanceof YAMLParseError) throw wrong(file, [cause.message], cause)
    throw cause
  }
}

function wrong(file: string, details: string[], cause: unknown): PosadaError {
  return new PosadaError('E_BOX_BUILD', `the recipe ${file} is wrong: ${details[0]}`, {
    value: file,
    details,
    hint: 'docs/boxes.md explains recipes',
    cause,
  })
}
