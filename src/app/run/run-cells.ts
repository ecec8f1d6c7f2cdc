import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { asPosadaError, errorCodes, type PosadaError, runExitCode } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { pool } from '../../lib/async/pool.ts'
import { type Cell, type RunResult, type RunVerbOptions, run } from '../../machine/index.ts'
import { userPaths } from '../../project/index.ts'
import { inTurn } from './in-turn.ts'
import { startWatchdog } from './launch-watchdog.ts'
import { fromHere, type OpenRunOptions, withRun } from './open-run.ts'
import { sweepRuns } from './sweep-runs.ts'
import { takeTurn } from './take-turn.ts'

/** Where the output of one attempt goes; `end` lets out what waited, and gives what is wanted of it afterwards. */
export interface CellOutput<T> {
  stdout: Writable
  stderr: Writable
  end(): Promise<T>
}

export interface CellsOptions<T> {
  cells: readonly Cell[]
  /** How many cells are worked on at once. */
  parallel: number
  /** How many times more a cell that fails is tried, each time in new machines. */
  retries: number
  /** Whether the machines of a command that failed stay, those of the last attempt. */
  keepOnFailure: boolean
  open: OpenRunOptions
  run: Omit<RunVerbOptions, 'stdout' | 'stderr' | 'variation' | 'takeTurn'>
  /** Whether a run waits until the host has room for it beside the other runs of this user. */
  wait: boolean
  output(cell: Cell): CellOutput<T>
}

/** What became of a cell: of its last attempt, with the time of all. */
export interface CellResult<T> extends RunResult {
  cell: Cell
  attempts: number
  /** The manifest of machines that were kept; null: they are gone. */
  kept: string | null
  /** Why there is no exit code of the command's own; null: there is. */
  error: PosadaError | null
  output: T
}

/** Of the runs of this process that wait, the first looks at the queue for all. */
const inQueue = inTurn()

/**
 * Runs the command in throw-away machines of its own for each cell, and takes them away. The results stand in the order
 * of the cells. Throws only what interrupts all of it.
 */
export async function runCells<T>(options: CellsOptions<T>): Promise<CellResult<T>[]> {
  const { cells, parallel, open } = options
  const results = new Map<Cell, CellResult<T>>()
  startWatchdog(open.env, userPaths(open.env).runs)
  await pool(parallel, cells, async (cell) => {
    open.signal.throwIfAborted()
    results.set(cell, await runCell(cell, options))
  })
  open.signal.throwIfAborted()
  return cells.flatMap((cell) => results.get(cell) ?? [])
}

async function runCell<T>(cell: Cell, options: CellsOptions<T>): Promise<CellResult<T>> {
  const { retries, open } = options
  const emit = cell.name !== '' ? labelled(open.emit, cell.name) : open.emit
  const begun = performance.now()
  for (let attempt = 1; ; attempt++) {
    const last = attempt > retries
    const result = await tryCell(cell, { ...options, open: { ...open, emit } }, last)
    if (result.exitCode === 0 || last || open.signal.aborted || isFinal(result.error))
      return { ...result, attempts: attempt, ms: Math.round(performance.now() - begun) }
    const why = result.error?.message ?? `exit code ${result.exitCode}`
    const message = `failed (${why}); attempt ${attempt + 1} of ${retries + 1} in a new machine`
    emit({ type: 'notice', level: 'warn', message })
  }
}

/** A wrong command line or manifest stays wrong. */
function isFinal(error: PosadaError | null): boolean {
  return error !== null && errorCodes[error.code].exit === 2
}

async function tryCell<T>(
  cell: Cell,
  { open, run: setting, keepOnFailure, output, wait, parallel }: CellsOptions<T>,
  last: boolean,
): Promise<CellResult<T>> {
  const { stdout, stderr, end } = output(cell)
  const outDir = join(setting.outDir, cell.folder)
  const env = { ...setting.env, ...cell.env }
  const { box } = cell.machine
  const variation = { ...cell.machine, ...(box === undefined ? {} : { box: fromHere(box, open.cwd) }) }
  const keeps = (outcome: RunResult | null) =>
    keepOnFailure && last && outcome !== null && outcome.exitCode !== 0
  const preparing = parallel > 1 ? null : section(open.emit, cell.name)
  const starts = () => {
    preparing?.end()
    setting.starts()
  }
  const ran = await withRun(
    { ...open, box: open.box, fallbackBox: cell.machine.box },
    (project, folder) =>
      run(project, {
        ...{ ...setting, variation, env, outDir, stdout, stderr, starts },
        takeTurn: (share) =>
          inQueue(() =>
            takeTurn({ ...open, user: project.user, folder, share, wait, sweep: () => sweepRuns(open) }),
          ),
      }),
    keeps,
  ).catch(asPosadaError)
  preparing?.end()
  const about = { cell, attempts: 1, output: await end() }
  if ('result' in ran) return { ...ran.result, kept: ran.kept, error: null, ...about }
  const none = { exitCode: runExitCode(ran), signal: null, artefacts: [], ms: 0, kept: null }
  return { ...none, error: ran, ...about }
}

/** The part of the log before the command writes. */
function section(emit: Emit, cell: string): { end(): void } {
  const about = { name: 'posada-machines', title: `posada: machines${cell === '' ? '' : ` (${cell})`}` }
  let open = true
  emit({ type: 'section', status: 'start', ...about })
  return {
    end() {
      if (open) emit({ type: 'section', status: 'end', ...about })
      open = false
    },
  }
}

/** Events of one of several cells, each told of the cell. */
function labelled(emit: Emit, cell: string): Emit {
  return (event) => {
    if (event.type === 'machines' || event.type === 'machine') return
    if (event.type === 'section') return emit(event)
    emit({ ...event, machine: event.machine === undefined ? cell : `${cell}, ${event.machine}` })
  }
}
