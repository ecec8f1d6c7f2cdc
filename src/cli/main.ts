import { reportFailure } from './report.ts'
import type { Commands } from './run.ts'
import { drain, onBrokenPipe, outputFailure } from './streams.ts'

/**
 * The command line: runs what the arguments ask for, reports how it failed, and ends the process
 * with the exit code. `root` is the folder of posada's package.json; `keep` keeps what was compiled for the next command.
 */
export async function start(
  argv: string[],
  root: string,
  { commands, keep }: { commands: Commands; keep: () => Promise<void> },
): Promise<void> {
  onBrokenPipe()
  process.on('uncaughtException', endUnlessTold)
  try {
    await dispatch(argv, { root, commands })
  } catch (error) {
    if (outputFailure() === null) process.exitCode = reportFailure(error, argv)
  }
  await drain()
  // The command itself may have finished all the same.
  if (outputFailure() !== null)
    process.exitCode = reportFailure(
      outputFailure(),
      argv.filter((word) => word !== '--json'),
    )
  await keep().catch(unlessSystemFault)
  process.exit()
}

/** A cache folder that cannot be written to: the next command compiles what it needs. */
function unlessSystemFault(error: unknown): void {
  if (!(error instanceof Error && 'code' in error)) throw error
}

/** oclif throws what stdout reports, which is told when the work has ended in order. Else as Node does. */
function endUnlessTold(error: Error): void {
  if (error === outputFailure()) return
  process.stderr.write(`${error.stack ?? String(error)}\n`)
  process.exit(1)
}

/** Completion is asked for at every key press, so it goes without oclif, which takes 50 ms to load. */
async function dispatch(
  [first, ...rest]: string[],
  { root, commands }: { root: string; commands: Commands },
): Promise<void> {
  if (first === '__complete') {
    const { complete } = await import('./complete.ts')
    return complete(rest, root)
  }
  const { run } = await import('./run.ts')
  return run(first === undefined ? [] : [first, ...rest], { root, commands })
}
