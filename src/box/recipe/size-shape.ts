import { shape } from '../../lib/values/shape.ts'
import { parseSize } from '../../lib/values/units.ts'

/** A size as people write it, in bytes. */
export const sizeShape = shape('not a size such as 512MiB', (value) => {
  const parsed = typeof value === 'string' ? parseSize(value) : undefined
  return parsed !== undefined && 'value' in parsed ? parsed.value : undefined
})
