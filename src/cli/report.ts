import { asPosadaError, errorCodes, type PosadaError, runExitCode } from '../errors/index.ts'
import { annotateError, errorDocument, renderError, useColour } from '../ui/index.ts'
import { hasFlag } from './argv.ts'
import { commonFlags } from './find-command.ts'
import { isPipeBroken } from './streams.ts'

/** The exit code of a program that SIGPIPE ended: 128 + 13. */
const brokenPipe = 141

/** Says why a command failed, in words or with `--json` as a document; returns the exit code. */
export function reportFailure(thrown: unknown, argv: readonly string[]): number {
  if (isPipeBroken()) return brokenPipe
  const exit = exitCodeOf(thrown)
  if (exit !== undefined) return exit
  const error = asPosadaError(thrown)
  const debug = hasFlag(argv, '--debug')
  if (hasFlag(argv, '--json')) {
    process.stdout.write(`${JSON.stringify(errorDocument(error), null, 2)}\n`)
  } else {
    const colour = useColour({ stream: process.stderr, env: process.env, off: hasFlag(argv, '--no-color') })
    process.stderr.write(
      renderError(error, { colour, cwd: workingFolder() }) + annotateError(error, process.env),
    )
  }
  if (debug) process.stderr.write(`\n${stackOf(thrown)}\n`)
  return exitOf(error, argv)
}

/** A folder that was removed is the root, for paths that are shown. */
function workingFolder(): string {
  try {
    return process.cwd()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return '/'
    throw error
  }
}

/**
 * A run's exit code is that of its command; a failure of its own has one that hardly any command has. autopkgtest's
 * servers end with 12, and what runs a command for it with 255 (autopkgtest 5.28, README.virtualisation-server).
 */
function exitOf(error: PosadaError, argv: readonly string[]): number {
  const verb = argv[commonFlags(argv).length]
  if (verb === 'run') return runExitCode(error)
  const { exit } = errorCodes[error.code]
  if (verb === 'exec' && hasFlag(argv, '--as-ssh')) return 255
  return verb === 'autopkgtest-virt' && exit < 124 ? 12 : exit
}

/** oclif's way to end with an exit code and without a message. */
function exitCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIT') return undefined
  const { oclif } = error as { oclif?: { exit?: number } }
  return oclif?.exit ?? 0
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
