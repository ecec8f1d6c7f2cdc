import { PosadaError } from '../errors/index.ts'
import { namePattern, versionPattern } from '../lib/values/box-names.ts'

/** What a user wrote for a box: `debian/12`, or `debian/12@20261122.1` for one version of it. */
export interface BoxName {
  name: string
  /** null: the newest. */
  version: string | null
}

/** Refuses everything that could not be a box, with E_BOX_INVALID. */
export function parseBoxName(text: string): BoxName {
  const [name = '', version, ...rest] = text.split('@')
  const sound =
    namePattern.test(name) && (version === undefined || versionPattern.test(version)) && rest.length === 0
  if (!sound)
    throw new PosadaError('E_BOX_INVALID', `'${text.slice(0, 150)}' is not the name of a box`, {
      value: text,
      hint: 'a box is named like debian/12, and one version of it like debian/12@20261122.1',
    })
  return { name, version: version ?? null }
}

/** Compares number by number; the shorter of two equal beginnings is the smaller. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? -1) - (right[index] ?? -1)
    if (difference !== 0) return difference
  }
  return 0
}

/** The version of a box made now: the day in UTC, and a number one above those of that day. */
export function nextVersion(now: Date, existing: readonly string[]): string {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '')
  const numbers = existing.filter((one) => one.startsWith(`${day}.`)).map((one) => Number(one.split('.')[1]))
  return `${day}.${Math.max(0, ...numbers.filter(Number.isSafeInteger)) + 1}`
}
