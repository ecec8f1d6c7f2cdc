import { longestDelay } from '../../lib/values/link-conditions.ts'
import { formatRate, parsePart, parseRate } from '../../lib/values/link-units.ts'
import type { Parsed } from '../../lib/values/units.ts'
import { badUnit, duration, type Read, scalar } from './scalars.ts'
import type { Schema } from './types.ts'

interface Quantity {
  label: string
  expected: string
  parse: (text: string) => Parsed
  pattern: string
}

/** A number with a unit that is neither a size nor a duration. */
function quantity({ label, expected, parse, pattern }: Quantity): Schema<number> {
  return scalar({
    label,
    expected,
    takes: ['string', 'number'],
    read: (text): Read<number> => {
      const parsed = parse(text)
      return 'problem' in parsed ? badUnit(text, parsed) : parsed
    },
    json: { type: 'string', pattern },
  })
}

const part = () =>
  quantity({
    label: 'percentage',
    expected: 'a percentage such as 0.5%',
    parse: parsePart,
    pattern: '^[0-9]+(\\.[0-9]+)? ?%$',
  })
/** @param least bits a second */
export const rate = (least = 0) =>
  quantity({
    label: 'rate',
    expected: 'a rate such as 100mbit',
    parse: (text) => {
      const parsed = parseRate(text)
      if ('problem' in parsed || parsed.value >= least) return parsed
      return { problem: 'is too little', hint: `at least ${formatRate(least)}` }
    },
    pattern: '^[0-9]+(\\.[0-9]+)? ?[kmg]?bit$',
  })
const delay = () => duration({ min: 0, max: longestDelay, bounds: 'from 0ms to 1m', likely: 'ms' })

export const conditionFields = {
  latency: { schema: delay(), description: 'How long a frame takes, in each direction.', examples: ['40ms'] },
  jitter: {
    schema: delay(),
    description: 'How much longer or shorter it may take, evenly spread; the order is kept.',
    examples: ['5ms'],
  },
  loss: { schema: part(), description: 'How many frames are lost.', examples: ['0.1%'] },
  duplicate: { schema: part(), description: 'How many arrive twice.', examples: ['1%'] },
  reorder: {
    schema: part(),
    description: 'How many overtake those before them: they arrive without latency.',
    examples: ['1%'],
  },
  rate: {
    schema: rate(),
    description: 'How much passes in each direction; the rest is queued, and dropped when the queue is full.',
    examples: ['100mbit'],
  },
} as const
