import type { Display } from '../shapes.ts'
import { object } from './object.ts'
import { integer, truth } from './scalars.ts'
import type { Schema } from './types.ts'

const usual: Display = { width: 1024, height: 768 }
const pixels = (of: string, standard: number) => ({
  schema: integer({ min: 320, max: 8192 }),
  description: `${of}, in pixels.`,
  default: standard,
})

const size = object({
  what: 'a display',
  definition: 'display',
  emptyAllowed: true,
  fields: { width: pixels('Width', usual.width), height: pixels('Height', usual.height) },
})
const some = truth()

/** `display`: `true` for the usual size, or a size; null: none. */
export const display: Schema<Display | null> = {
  label: 'true or false, or mapping',
  check: (node, context, owner) => {
    if (node.kind === 'scalar' && node.value !== null) {
      const has = some.check(node, context, owner)
      return has === undefined ? undefined : has ? usual : null
    }
    const given = size.check(node, context, owner)
    if (given === undefined) return undefined
    return { width: given.width ?? usual.width, height: given.height ?? usual.height }
  },
  json: (definitions) => ({ anyOf: [some.json(definitions), size.json(definitions)] }),
}
