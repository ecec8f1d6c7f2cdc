import { ciMarks } from './ci/marks.ts'
import { palette } from './colour.ts'
import { liveReporter } from './live.ts'
import { plainReporter } from './plain.ts'
import type { Reporter } from './reporter.ts'

export interface ReporterOptions {
  stream: NodeJS.WriteStream
  colour: boolean
  env: NodeJS.ProcessEnv
  /** `--json`: nothing at all is shown but errors. */
  quiet: boolean
  debug: boolean
  /** Whether a terminal is drawn on; unless given, it is. */
  live?: boolean
}

/** Live on a terminal; plain lines in a pipe, on a `dumb` terminal and in CI; nothing when quiet. */
export function makeReporter({ stream, colour, env, quiet, debug, live = true }: ReporterOptions): Reporter {
  const paint = palette(colour)
  const reporter = quiet
    ? { emit: () => undefined, close: () => undefined }
    : live && isLive(stream, env)
      ? liveReporter({
          stream,
          paint,
          spinner: async (frames, interval) =>
            (await import('./spinner.ts')).loadSpinner({ stream, frames, interval }),
        })
      : plainReporter({ write: (text) => stream.write(text), paint, marks: ciMarks(env) })
  if (!debug) return reporter
  return {
    close: reporter.close,
    emit: (event) => {
      const { type, ...rest } = event
      if (type !== 'output') reporter.close()
      if (type !== 'output') stream.write(`${paint.dim(`debug: ${type} ${JSON.stringify(rest)}`)}\n`)
      reporter.emit(event)
    },
  }
}

function isLive(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb' && (env.CI ?? '') === ''
}
