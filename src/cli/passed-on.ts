import { PosadaError } from '../errors/index.ts'

/**
 * What `--env` gives to a command: `NAME=VALUE` as written, `NAME` with its value in `env`, which is a secret. E_USAGE
 * for a name that is none or has no value. Pure.
 */
export function passedOn(
  given: readonly string[],
  env: NodeJS.ProcessEnv,
): { env: Record<string, string>; secrets: string[] } {
  const found: Record<string, string> = {}
  const secrets: string[] = []
  for (const text of given) {
    const [, name, rest] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=(.*))?$/s.exec(text) ?? []
    if (name === undefined)
      throw wrong(text, `--env ${text} is not a name of a variable`, 'write NAME or NAME=VALUE')
    const value = rest ?? env[name]
    if (value === undefined)
      throw wrong(name, `--env ${name} has no value here`, `set it, or write --env ${name}=VALUE`)
    if (rest === undefined) secrets.push(value)
    found[name] = value
  }
  return { env: found, secrets }
}

function wrong(value: string, message: string, hint: string): PosadaError {
  return new PosadaError('E_USAGE', message, { value, hint })
}
