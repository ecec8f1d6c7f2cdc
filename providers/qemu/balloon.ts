import type { MachineSpec } from '../../src/provider/index.ts'
import { balloonPause } from '../../src/provider-kit/index.ts'

/** By this it is asked what the guest says of its memory, where that moves. */
export const balloonId = 'balloon'

/**
 * Pages that the guest frees go back to the host without anybody asking for them. What the guest says of its memory is
 * asked for every so many seconds.
 */
export function balloonOptions({ memoryMin }: MachineSpec) {
  const always = { 'free-page-reporting': true, 'deflate-on-oom': true }
  if (typeof memoryMin !== 'number') return always
  return { ...always, id: balloonId, 'guest-stats-polling-interval': balloonPause / 1000 }
}
