import { basename, dirname, extname, join, resolve } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { checkManifest } from './check.ts'
import type { Documents } from './documents.ts'
import { parseDotenv } from './dotenv.ts'
import { findManifest, findUpwards, manifestName } from './find.ts'
import type { Manifest } from './model.ts'
import { Problems } from './problems.ts'
import { readSource } from './read-file.ts'
import { resolveManifest } from './resolve.ts'
import { parseYaml } from './source/parse-yaml.ts'
import { makeContext } from './variables.ts'

export interface LoadOptions {
  /** The manifest, relative to `cwd`; without it the nearest posada.yaml in `cwd` or above is taken. */
  file?: string
  cwd: string
  /** Variables, over those of `.env`; the process's own unless given. */
  env?: NodeJS.ProcessEnv
}

/**
 * Reads posada.yaml, `posada.override.yaml` and `.env` beside it, and resolves them. Throws
 * E_MANIFEST_MISSING, E_MANIFEST_READ, E_MANIFEST_TOO_LARGE, or E_MANIFEST_INVALID, whose `problems`
 * are all there are in all files, sorted by file and place.
 */
export async function loadManifest(options: LoadOptions): Promise<Manifest> {
  const file = options.file === undefined ? await found(options.cwd) : resolve(options.cwd, options.file)
  const root = dirname(file)
  const overrideFile = overrideOf(file)
  const envFile = join(root, '.env')
  const problems = new Problems()
  const fail = () => problems.toError([file, overrideFile, envFile])

  const source = await readSource(file, problems.report)
  if (source === undefined) throw problems.any ? fail() : missing(file)
  const overrideSource = await readSource(overrideFile, problems.report)
  const base = parseYaml(source, problems.report)
  const override = overrideSource === undefined ? undefined : parseYaml(overrideSource, problems.report)
  const documents: Documents = { source, base, override }

  const usesVariables = [source, overrideSource].some((each) => each?.text.includes('${') === true)
  const envSource = usesVariables ? await readSource(envFile, problems.report) : undefined
  const dotenv = envSource === undefined ? new Map<string, string>() : parseDotenv(envSource, problems.report)
  const env = options.env ?? process.env
  const context = makeContext(problems.report, (name) =>
    Object.hasOwn(env, name) ? env[name] : dotenv.get(name),
  )

  // What the checker would say of a file that could not be read as YAML is of no use.
  const syntaxProblems = base === undefined && problems.any
  const checked = syntaxProblems ? undefined : checkManifest(documents, context)
  if (problems.any || checked === undefined) throw fail()
  return resolveManifest({ file, root }, checked)
}

/** `posada.override.yaml` for `posada.yaml`: the same name with `.override` before its ending. */
export function overrideOf(file: string): string {
  const extension = extname(file)
  return join(dirname(file), `${basename(file, extension)}.override${extension}`)
}

async function found(cwd: string): Promise<string> {
  const file = await findManifest(cwd)
  if (file !== null) return file
  const other = await findUpwards(cwd, 'posada.yml')
  throw new PosadaError(
    'E_MANIFEST_MISSING',
    `there is no ${manifestName} in ${resolve(cwd)} or any folder above`,
    {
      value: resolve(cwd),
      hint: other === null ? 'make one with: posada init' : `rename ${other} to ${manifestName}`,
    },
  )
}

function missing(file: string): PosadaError {
  return new PosadaError('E_MANIFEST_MISSING', `there is no file ${file}`, {
    value: file,
    hint: 'look at the path, or make a manifest with: posada init',
  })
}
