import { join } from 'node:path'
import { parseDotenv } from './dotenv.ts'
import { manifestName } from './find.ts'
import { checkOwner } from './owner.ts'
import { Problems, type Report } from './problems.ts'
import { readSource } from './read-file.ts'
import type { Source } from './source/source.ts'

/**
 * Variables by their names, those of `.env` in the project's folder under those of the environment. E_OWNER where
 * another user has written that file, unless `anyOwner`; what is wrong with it, as `loadManifest` says it.
 */
export async function readVariables({
  root,
  env,
  anyOwner,
}: {
  root: string
  env: NodeJS.ProcessEnv
  anyOwner: boolean
}): Promise<(name: string) => string | undefined> {
  const problems = new Problems()
  const file = join(root, '.env')
  await checkOwner(file, { manifest: join(root, manifestName), named: anyOwner })
  const variables = new Variables(env, () => readSource(file, problems.report), problems.report)
  await variables.read()
  if (problems.any) throw problems.toError([file])
  return variables.get
}

/** The variables of a manifest: the environment's, then those of `.env`, which is read when a source holds `${`. */
export class Variables {
  readonly #env: NodeJS.ProcessEnv
  readonly #read: () => Promise<Source | undefined>
  readonly #report: Report
  #dotenv: ReadonlyMap<string, string> | undefined

  constructor(env: NodeJS.ProcessEnv, read: () => Promise<Source | undefined>, report: Report) {
    this.#env = env
    this.#read = read
    this.#report = report
  }

  /** Makes them known as far as the sources need them. E_MANIFEST_READ, E_MANIFEST_TOO_LARGE. */
  async prepare(...sources: readonly (Source | undefined)[]): Promise<void> {
    if (sources.some((source) => source?.text.includes('${'))) await this.read()
  }

  async read(): Promise<void> {
    if (this.#dotenv !== undefined) return
    const source = await this.#read()
    this.#dotenv = source === undefined ? new Map() : parseDotenv(source, this.#report)
  }

  readonly get = (name: string): string | undefined =>
    Object.hasOwn(this.#env, name) ? this.#env[name] : this.#dotenv?.get(name)
}
