import { reportFailure } from './report.ts'
import { drain, onBrokenPipe } from './streams.ts'

/**
 * The command line: runs what the arguments ask for, reports how it failed, and ends the process
 * with the exit code. `root` is the folder of posada's package.json.
 */
export async function start(argv: string[], root: string): Promise<void> {
  onBrokenPipe()
  try {
    await dispatch(argv, root)
  } catch (error) {
    process.exitCode = reportFailure(error, argv)
  }
  await drain()
  process.exit()
}

/** Completion is asked for at every key press, so it goes without oclif, which takes 50 ms to load. */
async function dispatch([first, ...rest]: string[], root: string): Promise<void> {
  if (first === '__complete') {
    const { complete } = await import('./complete.ts')
    return complete(rest, root)
  }
  const { run } = await import('./run.ts')
  return run(first === undefined ? [] : [first, ...rest], root)
}
