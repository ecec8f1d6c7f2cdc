import { randomBytes } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import ignore from 'ignore'
import { namesIn } from '../lib/files/folders.ts'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import type { Conflict, Resolution } from './types.ts'

/** The paths of a pair that both sides changed, in order. */
export async function listConflicts(stateDir: string): Promise<Conflict[]> {
  const text = await readTextIfThere(fileOf(stateDir))
  return text === null ? [] : (JSON.parse(text) as Conflict[])
}

/**
 * Records how the conflicts that patterns name (gitignore(5)) are settled, and returns how many they are. The next
 * reconciliation carries it out; what loses goes to the trash.
 */
export async function resolveConflicts(
  stateDir: string,
  choice: Resolution,
  patterns: readonly string[],
): Promise<number> {
  const wanted = ignore({ allowRelativePaths: true }).add([...patterns])
  const paths = (await listConflicts(stateDir)).map(({ path }) => path).filter((path) => wanted.ignores(path))
  const name = `${Date.now()}-${randomBytes(4).toString('hex')}.json`
  if (paths.length > 0)
    await writeFileAtomic(join(choicesOf(stateDir), name), JSON.stringify({ choice, paths }))
  return paths.length
}

/** What was recorded and not carried out: how each path is settled; `files` hold it. */
export async function recordedChoices(
  stateDir: string,
): Promise<{ choices: Map<string, Resolution>; files: string[] }> {
  const choices = new Map<string, Resolution>()
  const files: string[] = []
  for (const name of (await namesIn(choicesOf(stateDir))).filter((one) => one.endsWith('.json')).sort()) {
    const file = join(choicesOf(stateDir), name)
    const { choice, paths } = JSON.parse(await readFile(file, 'utf8')) as {
      choice: Resolution
      paths: string[]
    }
    for (const path of paths) choices.set(path, choice)
    files.push(file)
  }
  return { choices, files }
}

export async function forgetChoices(files: readonly string[]): Promise<void> {
  for (const file of files) await rm(file, { force: true })
}

export async function writeConflicts(stateDir: string, conflicts: readonly Conflict[]): Promise<void> {
  if (conflicts.length === 0) await rm(fileOf(stateDir), { force: true })
  else await writeFileAtomic(fileOf(stateDir), `${JSON.stringify(conflicts)}\n`)
}

/** The folder in which choices are recorded. */
export function choicesOf(stateDir: string): string {
  return join(stateDir, 'choices')
}

function fileOf(stateDir: string): string {
  return join(stateDir, 'conflicts.json')
}
