let broken = false
let failure: NodeJS.ErrnoException | null = null
const listeners = new Set<() => void>()
const own = new Set<unknown>()
/** The reader of a pipe ended, or the window of a terminal was closed. */
const gone = ['EPIPE', 'ECONNRESET', 'EIO']

/**
 * Takes a reader that went away (`posada list | head`) as a wish for quiet: nothing is reported, and
 * whoever listens is told so that work whose output is not read can end. So are they when stdout is a file on a full disk.
 */
export function onBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const listener = (error: NodeJS.ErrnoException) => {
      if (error.code === undefined) throw error
      if (stream !== process.stdout || broken) return
      if (!gone.includes(error.code)) failure = Object.assign(error, { path: 'standard output' })
      broken = true
      for (const told of listeners) told()
    }
    own.add(listener)
    stream.on('error', listener)
  }
}

/**
 * Takes off what oclif does when it is loaded: it throws errors of stdout, so that whoever pipes into it does not hear of
 * them and waits for ever.
 */
export function hearOutputErrors(): void {
  for (const listener of process.stdout.listeners('error'))
    if (!own.has(listener)) process.stdout.removeListener('error', listener as () => void)
}

/** Whether the reader of stdout went away. */
export function isPipeBroken(): boolean {
  return broken && failure === null
}

/** Why stdout could not be written, where that is not for its reader: a disk that is full. */
export function outputFailure(): unknown {
  return failure
}

/** Calls `listener` once stdout takes nothing more. */
export function whenPipeBreaks(listener: () => void): void {
  listeners.add(listener)
}

/** Resolves when all that was written has left the process. */
export async function drain(): Promise<void> {
  const streams = [process.stdout, process.stderr]
  await Promise.all(
    streams.map(
      (stream) => new Promise<void>((done) => (stream.destroyed ? done() : stream.write('', () => done()))),
    ),
  )
}
