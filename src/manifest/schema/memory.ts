import { describe } from '../source/node.ts'
import { object } from './object.ts'
import { size } from './scalars.ts'
import type { Schema } from './types.ts'

const mebibyte = 1024 ** 2

/** A machine's memory in bytes; `min`: what it keeps of it whatever happens, null: all. */
export interface MemoryRange {
  min: number | null
  max: number
}

const amount = size({
  min: 16 * mebibyte,
  max: 16 * 1024 ** 4,
  bounds: 'from 16MiB to 16TiB',
  step: mebibyte,
})

const range = object({
  what: 'a range of memory',
  definition: 'memory',
  fields: {
    min: {
      schema: amount,
      description: 'What the guest has at least. `up` and `run` set this much of the host aside.',
      required: true,
      examples: ['512MiB'],
    },
    max: {
      schema: amount,
      description: 'What the guest sees, and has when it needs it.',
      required: true,
      examples: ['4GiB'],
    },
  },
})

/** `memory`: a size, or a range. */
export const memory: Schema<MemoryRange> = {
  label: 'size, or mapping',
  check: (node, context, owner) => {
    if (node.kind !== 'map') {
      const max = amount.check(node, context, owner)
      return max === undefined ? undefined : { min: null, max }
    }
    const { min, max } = range.check(node, context, owner) ?? {}
    if (min === undefined || max === undefined) return undefined
    if (min <= max) return { min, max }
    const at = node.entries.get('min')?.value ?? node
    const message = `expected \`min\` to be at most \`max\`, got ${describe(at)}`
    context.report({ code: 'E_VALUE_INVALID', message, span: at.span })
    return undefined
  },
  json: (definitions) => ({ anyOf: [amount.json(definitions), range.json(definitions)] }),
}
