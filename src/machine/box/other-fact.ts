import type { Machine } from '../../manifest/index.ts'
import type { LockedFacts } from '../../project/index.ts'

/** The first thing that the manifest says of a box's file and that is not what was said when the box was made of it. */
export function otherFact(
  { boxTerms: { facts } }: Machine,
  had: LockedFacts | undefined,
): { key: string; wanted: string; had: string | undefined } | null {
  for (const key of ['user', 'firmware', 'image'] as const) {
    const wanted = facts[key]
    if (wanted !== undefined && wanted !== had?.[key]) return { key, wanted, had: had?.[key] }
  }
  return null
}
