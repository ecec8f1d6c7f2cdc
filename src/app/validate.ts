import { loadManifest } from '../manifest/index.ts'

/** What `posada validate` prints with `--json` when the manifest is valid. */
export interface ValidateResult {
  valid: true
  /** Absolute path of the manifest. */
  file: string
  /** The project's name. */
  name: string
  machines: string[]
}

export interface ValidateOptions {
  file: string | undefined
  cwd: string
  env: NodeJS.ProcessEnv
}

/** Reads and checks the manifest; E_MANIFEST_INVALID holds every problem. Nothing is started or written. */
export async function validate({ file, cwd, env }: ValidateOptions): Promise<ValidateResult> {
  const manifest = await loadManifest({ cwd, env, ...(file === undefined ? {} : { file }) })
  const machines = manifest.machines.map((machine) => machine.name)
  return { valid: true, file: manifest.file, name: manifest.name, machines }
}
