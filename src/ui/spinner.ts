/** One line at the bottom of a terminal, behind a sign that turns. */
export interface Spinner {
  /** Whether it can draw now: some terminals do not know their width and say 0, and ora divides by it. */
  usable(): boolean
  /** Shows this line, without a line feed. What is written to the terminal meanwhile stands above it. */
  show(line: string): void
  /** Takes the line away. */
  stop(): void
}

export interface SpinnerOptions {
  stream: NodeJS.WritableStream & { columns?: number }
  frames: readonly string[]
  /** Milliseconds between two frames. */
  interval: number
}

/** Draws with ora, which is loaded here: only a terminal on which something takes its time needs it. */
export async function loadSpinner({ stream, frames, interval }: SpinnerOptions): Promise<Spinner> {
  const { default: ora } = await import('ora')
  const spinner = ora({
    stream,
    spinner: { frames: [...frames], interval },
    // The frames are coloured already, the terminal has been looked at, and its input belongs to others.
    color: false,
    isEnabled: true,
    discardStdin: false,
    hideCursor: false,
  })
  const stop = () => {
    if (spinner.isSpinning) spinner.stop()
  }
  const usable = () => stream.columns !== 0
  stream.on('resize', () => {
    if (!usable()) stop()
  })
  return {
    usable,
    show(line) {
      spinner.text = line
      if (!spinner.isSpinning) spinner.start()
    },
    stop,
  }
}
