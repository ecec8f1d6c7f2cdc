import { appendFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { CellResult } from '../app/index.ts'
import type { Emit } from '../events/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { writeOutputFile } from '../lib/files/output-file.ts'
import { annotateFailure, palette, renderError } from '../ui/index.ts'
import type { WrittenOutput } from './run-output.ts'
import { cellsText, type RunDocument, runDocument, runJunit, runSummary, whyOf } from './text/run.ts'

export interface RunReportOptions {
  /** The command, as it is shown. */
  command: string
  junit: string | undefined
  json: boolean
  /** Whether stderr has colours. */
  colour: boolean
  env: NodeJS.ProcessEnv
  emit: Emit
}

type Results = readonly CellResult<WrittenOutput>[]

/**
 * Tells how runs ended, where the user and the CI service look, and makes their exit code that of this process. Throws
 * why a single one has no exit code of its own.
 */
export async function reportRun(results: Results, options: RunReportOptions): Promise<RunDocument> {
  const { command, junit, json, emit } = options
  if (junit !== undefined) await writeOutputFile(resolve(junit), runJunit(results, command))
  await addSummary(runSummary(results, command), options)
  if (!json) process.stderr.write(textOf(results, options))
  for (const { kept, cell } of results)
    if (kept !== null)
      emit({
        type: 'notice',
        level: 'info',
        message: `the machine is kept${cell.name === '' ? '' : ` (${cell.name})`}`,
        hint: `posada ssh --file ${kept}, and posada destroy --file ${kept} when done`,
      })
  const failed = results.find(({ exitCode }) => exitCode !== 0)
  if (failed !== undefined && failed.error !== null && !isMatrix(results)) throw failed.error
  process.exitCode = failed?.exitCode ?? 0
  return runDocument(results)
}

/** Errors in full, then the table; and what a CI service shows of each command that failed. */
function textOf(results: Results, { colour, env }: RunReportOptions): string {
  const matrix = isMatrix(results)
  const errors = results.flatMap(({ error }) =>
    error === null || !matrix ? [] : [renderError(error, { colour, cwd: process.cwd() })],
  )
  const failures = results
    .filter(({ exitCode, error }) => exitCode !== 0 && (matrix || error === null))
    .map((result) => annotateFailure([result.cell.name, whyOf(result)].filter(Boolean).join(': '), env))
  return [...errors, matrix ? cellsText(results, palette(colour)) : '', ...failures].join('')
}

function isMatrix(results: Results): boolean {
  return results.some(({ cell }) => cell.name !== '')
}

/** The page of a GitHub Actions job has what is in this file. */
async function addSummary(text: string, { env, emit }: RunReportOptions): Promise<void> {
  const file = env.GITHUB_STEP_SUMMARY
  if (env.GITHUB_ACTIONS !== 'true' || file === undefined || file === '') return
  try {
    await appendFile(file, text)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EACCES', 'EPERM', 'ENOSPC', 'EROFS', 'EISDIR')) throw error
    emit({ type: 'notice', level: 'warn', message: `the step summary cannot be written: ${error.message}` })
  }
}
