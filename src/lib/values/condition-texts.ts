import { longestDelay } from './link-conditions.ts'
import { parsePart, parseRate } from './link-units.ts'
import { type Parsed, parseDuration } from './units.ts'

/** Delays of networks are milliseconds, so that is what `5` is taken to mean. */
function parseDelay(text: string): Parsed {
  const parsed = parseDuration(text, 'ms')
  const isLong = 'value' in parsed && parsed.value > longestDelay
  return isLong ? { problem: 'is too long', hint: 'at most 1m' } : parsed
}

/** What people write for each condition that has a number. */
export const conditionTexts: Record<
  'latency' | 'jitter' | 'loss' | 'duplicate' | 'reorder' | 'rate',
  (text: string) => Parsed
> = {
  latency: parseDelay,
  jitter: parseDelay,
  loss: parsePart,
  duplicate: parsePart,
  reorder: parsePart,
  rate: parseRate,
}
