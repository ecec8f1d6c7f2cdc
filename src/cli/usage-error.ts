import { PosadaError } from '../errors/index.ts'
import { nearest } from '../lib/text/suggest.ts'
import { withoutColours } from '../ui/index.ts'

interface KnownFlag {
  hidden?: boolean
}

/** What oclif's parser throws: a CLIError, mostly with the input that it was parsing. */
interface ParseError extends Error {
  parse?: { input?: { flags?: Record<string, KnownFlag> } }
  /** Flags that do not exist. */
  flags?: string[]
  /** Arguments too many (text) or missing (definitions). */
  args?: (string | { name: string })[]
}

/** The E_USAGE for an error of oclif's parser; undefined for any other error. `id` is the command's. */
export function usageError(error: unknown, id: string): PosadaError | undefined {
  if (!isParseError(error)) return undefined
  const hint = `posada ${id.replaceAll(':', ' ')} --help shows its use`
  if (error.flags !== undefined) return unknownFlag(error.flags, error.parse?.input?.flags ?? {}, hint)
  const args = error.args ?? []
  const [first] = args
  const options = { hint, cause: error }
  if (typeof first === 'string') {
    const value = args.join(' ')
    return new PosadaError('E_USAGE', `unexpected argument: ${value}`, { ...options, value })
  }
  if (first !== undefined) {
    const names = args.map((arg) => (typeof arg === 'string' ? arg : arg.name.toUpperCase()))
    return new PosadaError('E_USAGE', `missing argument: ${names.join(', ')}`, options)
  }
  return new PosadaError('E_USAGE', plain(error.message), options)
}

/** Exits that carry a code and no message have no need of words. */
function isParseError(error: unknown): error is ParseError {
  return error instanceof Error && 'oclif' in error && !('code' in error && error.code === 'EEXIT')
}

function unknownFlag(given: string[], known: Record<string, KnownFlag>, help: string): PosadaError {
  const value = given.join(' ')
  const names = Object.keys(known).filter((name) => known[name]?.hidden !== true)
  const near = nearest((given[0] ?? '').replace(/^-+/, ''), names)
  const hint = near === undefined ? help : `did you mean --${near}?`
  return new PosadaError('E_USAGE', `there is no flag ${value} here`, { value, hint })
}

/** oclif's message in one line, without its closing words, its colours and its capital. */
function plain(message: string): string {
  const text = withoutColours(message)
    .replace(/See more help with --help\s*$/, '')
    .replace(/\s+/g, ' ')
    .replace(/^Parsing (--\S+) Expected/, '$1: expected')
    .trim()
  return text.charAt(0).toLowerCase() + text.slice(1)
}
