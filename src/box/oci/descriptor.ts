import { isObject } from '../../lib/values/as-object.ts'
import { count, optional, partOf, type Shape, shape, text } from '../../lib/values/shape.ts'

/** What leads to a blob or a manifest. Source: OCI image specification 1.1, "Content Descriptors". */
export interface Descriptor {
  mediaType: string
  /** `sha256:` and lower-case hexadecimal; no other algorithm is taken. */
  digest: string
  /** In bytes. */
  size: number
  annotations: Readonly<Record<string, string>>
}

export const digestText = text({ pattern: /^sha256:[0-9a-f]{64}$/, problem: 'not a sha256 digest' })

/** Texts by name, 64 at most. Others' annotations may be anything else, and are passed over. */
export const annotations = optional(
  shape('not a mapping of texts', (value) =>
    isObject(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
            .slice(0, 64),
        )
      : undefined,
  ),
  {},
)

export const descriptor: Shape<Descriptor> = partOf<Descriptor>({
  mediaType: text({ max: 200 }),
  digest: digestText,
  size: count(),
  annotations,
})
