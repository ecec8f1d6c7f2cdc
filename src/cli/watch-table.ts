import { isPosadaError } from '../errors/index.ts'
import { makeScreen } from '../ui/index.ts'

/**
 * Shows a table again and again: in one place on a terminal, as much of it as that has lines, else one after the other.
 * An interruption ends it, for it is how one leaves. `live` says whether it is a terminal.
 */
export async function watchTable(
  work: (show: (text: string) => void, live: boolean) => Promise<unknown>,
): Promise<void> {
  const { stdout } = process
  const screen = stdout.isTTY ? makeScreen(stdout) : null
  const show = (text: string) => {
    if (screen === null) stdout.write(text)
    else
      screen.show(
        text
          .trimEnd()
          .split('\n')
          .slice(0, Math.max(2, stdout.rows - 1)),
      )
  }
  try {
    await work(show, screen !== null)
  } catch (error) {
    if (!isPosadaError(error, 'E_INTERRUPTED')) throw error
  }
}
