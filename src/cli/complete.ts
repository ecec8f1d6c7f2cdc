import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CompletionRequest, completionRequest, type Surface } from './completion/request.ts'
import { candidatesFor } from './completion/values.ts'

/**
 * Answers a shell that asks for completions: `posada __complete -- WORD...`, the last word being the
 * one to complete, without `posada` itself. Prints one candidate a line, a tab and its description
 * behind it; `:files` alone asks the shell to complete file names. It never fails loudly, for a shell
 * would print that into the user's line.
 */
export async function complete(argv: readonly string[], root: string): Promise<void> {
  const words = argv[0] === '--' ? argv.slice(1) : argv
  const surface = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as Surface
  const request: CompletionRequest = completionRequest(words, surface)
  const candidates = await candidatesFor(request, { surface, cwd: process.cwd(), env: process.env })
  const fitting = candidates.filter(({ value }) => value === ':files' || value.startsWith(request.word))
  const lines = fitting.map(({ value, description }) =>
    description === undefined ? value : `${value}\t${description}`,
  )
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}
