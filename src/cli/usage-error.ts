import { PosadaError } from '../errors/index.ts'
import { nearest } from '../lib/suggest.ts'
import { withoutColours } from '../ui/text.ts'

/** What oclif's parser throws: a CLIError, mostly with the input that it was parsing. */
interface ParseError extends Error {
  parse?: {
    input?: { flags?: Record<string, { char?: string; hidden?: boolean }>; context?: { id?: string } }
  }
  /** Flags that do not exist. */
  flags?: string[]
  /** Arguments too many (text) or missing (definitions). */
  args?: (string | { name: string })[]
}

/** The E_USAGE for an error of oclif's parser; undefined for any other error. */
export function usageError(error: unknown): PosadaError | undefined {
  if (!isParseError(error)) return undefined
  const input = error.parse?.input
  const help = `posada ${input?.context?.id?.replaceAll(':', ' ') ?? ''} --help shows its use`.replace(
    '  ',
    ' ',
  )
  const message = plain(error.message)
  const options = { hint: help, cause: error }
  if (error.flags !== undefined) return unknownFlag(error.flags, input?.flags ?? {}, help)
  const [first] = error.args ?? []
  if (typeof first === 'string') {
    const value = error.args?.join(' ') ?? ''
    return new PosadaError('E_USAGE', `unexpected argument: ${value}`, { ...options, value })
  }
  if (first !== undefined) {
    const names = error.args?.map((arg) => (typeof arg === 'string' ? arg : arg.name.toUpperCase())) ?? []
    return new PosadaError('E_USAGE', `missing argument: ${names.join(', ')}`, options)
  }
  return new PosadaError('E_USAGE', message, options)
}

function isParseError(error: unknown): error is ParseError {
  return error instanceof Error && 'oclif' in error
}

function unknownFlag(
  given: string[],
  known: Record<string, { char?: string; hidden?: boolean }>,
  help: string,
): PosadaError {
  const value = given.join(' ')
  const names = Object.keys(known).filter((name) => known[name]?.hidden !== true)
  const near = nearest((given[0] ?? '').replace(/^-+/, ''), names)
  const hint = near === undefined ? help : `did you mean --${near}?`
  return new PosadaError('E_USAGE', `there is no flag ${value} here`, { value, hint })
}

/** oclif's message without its closing line and its colours. */
function plain(message: string): string {
  const text = withoutColours(message).replace(/\n?See more help with --help\s*$/, '')
  return text.charAt(0).toLowerCase() + text.slice(1)
}
