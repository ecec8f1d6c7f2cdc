import { statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { loadProgram } from '../lib/process/load-program.ts'
import { userId } from '../lib/process/user-id.ts'
import type { Commands } from './run.ts'

/** What the build makes of src/cli/main.ts and all commands: one file. */
interface CommandLine {
  commands: Commands
  start: typeof import('./main.ts').start
}

/**
 * Loads the command line and starts it. `root` is the folder of posada's package.json. What Node compiles of it is kept
 * for the next command: docs/decisions/start-time.md.
 */
export function start(argv: string[], root: string): Promise<void> {
  const { exports, keep } = loadProgram<CommandLine>(
    join(root, 'dist', 'posada.cjs'),
    cacheFolder(process.env),
  )
  return exports.start(argv, root, { commands: exports.commands, keep })
}

/** That of this user, below a folder that is there and theirs: root by sudo with the home of another leaves theirs alone. */
function cacheFolder({ XDG_CACHE_HOME = '', HOME = '' }: NodeJS.ProcessEnv): string | null {
  const base = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : HOME
  if (!isAbsolute(base) || ownerOf(base) !== userId()) return null
  return base === XDG_CACHE_HOME ? join(base, 'posada') : join(base, '.cache', 'posada')
}

function ownerOf(folder: string): number | null {
  try {
    return statSync(folder).uid
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null
    throw error
  }
}
