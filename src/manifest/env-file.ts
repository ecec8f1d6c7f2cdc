import { parseDotenv } from './dotenv.ts'
import type { Report } from './problems.ts'
import type { Source } from './source/source.ts'

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
    if (this.#dotenv !== undefined || !sources.some((source) => source?.text.includes('${'))) return
    const source = await this.#read()
    this.#dotenv = source === undefined ? new Map() : parseDotenv(source, this.#report)
  }

  readonly get = (name: string): string | undefined =>
    Object.hasOwn(this.#env, name) ? this.#env[name] : this.#dotenv?.get(name)
}
