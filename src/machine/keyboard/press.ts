import { sleep } from '../../lib/async/sleep.ts'
import type { KeyName } from '../../provider/index.ts'
import type { FoundScreen } from '../guest/find-screen.ts'
import { notRunning } from '../guest/session.ts'

/** Milliseconds between two keys: a keyboard has room for few that the guest has not taken yet. */
const pace = 30

/** Presses keys one chord after the other. E_NOT_RUNNING where the machine ends meanwhile. */
export async function pressKeys(
  { spec, provider }: FoundScreen,
  chords: readonly (readonly KeyName[])[],
  signal: AbortSignal,
): Promise<void> {
  for (const chord of chords) {
    if ((await provider.pressKeys?.(spec, chord, signal)) !== true) throw notRunning(spec.name, 'stopped')
    await sleep(pace, signal)
  }
}
