import { digestPattern } from '../lib/values/box-names.ts'
import { count, list, mapOf, oneOf, optional, partOf, shape, text } from '../lib/values/shape.ts'

const plainName = text({ pattern: /^[a-z][a-z0-9-]{0,62}$/, problem: 'not a plain name' })
const anyText = text({ max: 4096 })
const port = partOf({ hostPort: count(), guestPort: count() })

/** What names a snapshot's folder. */
export const snapshotId = text({ pattern: /^[0-9a-f]{8}$/, problem: 'not the id of a snapshot' })

/** The form of SavedMemory; its file is checked before it is used. */
export const savedMemory = partOf({
  version: oneOf([1, 2]),
  at: anyText,
  snapshot: optional(snapshotId),
  size: count(),
  sha256: text({ pattern: digestPattern }),
  layout: optional(anyText),
  mark: optional(anyText),
  bootId: optional(anyText),
  hardware: text({ pattern: digestPattern }),
  facts: mapOf(anyText),
  disks: mapOf(list(anyText)),
})

/**
 * Of a MachineState, what this room and the verbs rely on. Posada wrote the file; this is about older and later versions
 * of it.
 */
export const essentials = partOf({
  provider: anyText,
  box: partOf({ name: anyText, version: anyText, digest: text({ pattern: digestPattern }) }),
  layer: optional(text({ pattern: digestPattern })),
  spec: partOf({
    id: text({ pattern: /^[0-9a-f]{8}$/, problem: 'not an id' }),
    name: plainName,
    uuid: anyText,
    disks: list(partOf({ name: plainName })),
    media: optional(list(partOf({ name: anyText }))),
    nics: list(partOf({ kind: oneOf(['user', 'switch']), mac: anyText, forwards: optional(list(port)) })),
    files: partOf({ dataDir: anyText }),
    boot: partOf({ kind: oneOf(['kernel', 'firmware']) }),
  }),
  login: partOf({ user: anyText }),
  ports: list(port),
  networks: optional(list(partOf({ network: anyText, mac: anyText, ipv4: anyText }))),
  keptDisks: optional(list(plainName)),
  diskUses: optional(mapping()),
  formatting: optional(list(plainName)),
  provision: mapping(),
  failedSteps: optional(mapping()),
  suspended: optional(savedMemory),
  snapshot: optional(snapshotId),
  restoring: optional(snapshotId),
  copy: optional(partOf({ of: plainName, token: snapshotId })),
})

function mapping() {
  return shape('not a mapping of keys', (value) =>
    typeof value === 'object' && value !== null ? value : undefined,
  )
}
