import type { StreamedEvent } from '../../app/index.ts'
import { makeVisible, type Palette, plainReporter, type Reporter } from '../../ui/index.ts'

/** Processes whose unfinished lines are kept at once. */
const mostSources = 100

/** Writes events as lines, each behind its time and project; what a program wrote is put together to lines first. */
export function eventTeller(write: (text: string) => void, paint: Palette): (event: StreamedEvent) => void {
  const reporters = new Map<string, Reporter>()
  let before = ''
  const reporterOf = (key: string) => {
    const known = reporters.get(key)
    if (known !== undefined) return known
    for (const [oldest, reporter] of [...reporters].slice(0, reporters.size + 1 - mostSources)) {
      reporter.close()
      reporters.delete(oldest)
    }
    const reporter = plainReporter({ write: (text) => write(`${before} ${text}`), paint })
    reporters.set(key, reporter)
    return reporter
  }
  return (event) => {
    before = `${paint.dim(clock(event.at))} ${makeVisible(event.project)}`
    if (event.type === 'state') write(`${before} ${stateLine(event, paint)}\n`)
    else reporterOf(`${event.pid} ${event.root}`).emit(event)
  }
}

function stateLine({ machine, from, to }: Extract<StreamedEvent, { type: 'state' }>, paint: Palette): string {
  const was = from === null ? '' : paint.dim(` (was ${makeVisible(from)})`)
  return `${paint.dim('=')} ${paint.bold(makeVisible(machine))}: ${makeVisible(to)}${was}`
}

/** The time of day here. */
function clock(at: string): string {
  const time = new Date(at)
  return Number.isNaN(time.getTime()) ? '--:--:--' : time.toTimeString().slice(0, 8)
}
