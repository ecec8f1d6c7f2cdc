import { PosadaError } from '../errors/index.ts'
import { namePattern, normalVersion } from '../lib/values/box-names.ts'

/** What a user wrote for a box: `debian/12`, or `debian/12@20261122.1` for one version of it. */
export interface BoxName {
  name: string
  /** null: the newest. */
  version: string | null
}

/** Refuses everything that could not be a box, with E_BOX_INVALID. */
export function parseBoxName(text: string): BoxName {
  const [name = '', written, ...rest] = text.split('@')
  const version = written === undefined ? null : normalVersion(written)
  const sound = namePattern.test(name) && (written === undefined || version !== null) && rest.length === 0
  if (!sound)
    throw new PosadaError('E_BOX_INVALID', `'${text.slice(0, 150)}' is not the name of a box`, {
      value: text,
      hint: 'a box is named like debian/12, and one version of it like debian/12@20261122.1',
    })
  return { name, version }
}

/** Compares number by number; the shorter of two equal beginnings is the smaller, a pre-release than its release. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [splitVersion(a), splitVersion(b)]
  const order = compareParts(left.release.split('.'), right.release.split('.'))
  if (order !== 0 || left.pre === right.pre) return order
  if (left.pre === null || right.pre === null) return left.pre === null ? 1 : -1
  return compareParts(words(left.pre), words(right.pre)) || (left.pre < right.pre ? -1 : 1)
}

/** `1.0.0-rc1` is the pre-release `rc1` of `1.0.0`. */
export function splitVersion(version: string): { release: string; pre: string | null } {
  const [release = '', ...pre] = version.split('-')
  return { release, pre: pre.length === 0 ? null : pre.join('-') }
}

/** `rc10` comes after `rc9`. */
function words(pre: string): string[] {
  return pre.match(/\d+|[a-z]+/g) ?? []
}

/** Numbers come before words. Source: Semantic Versioning 2.0.0, section 11. */
function compareParts(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a, b] = [left[index], right[index]]
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1
    const [isWord, isOther] = [/^\D/.test(a), /^\D/.test(b)]
    if (isWord !== isOther) return isWord ? 1 : -1
    if (isWord && a !== b) return a < b ? -1 : 1
    if (!isWord && Number(a) !== Number(b)) return Number(a) - Number(b)
  }
  return 0
}

/** The version of a box made now: the day in UTC, and a number one above those of that day. */
export function nextVersion(now: Date, existing: readonly string[]): string {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '')
  const numbers = existing.filter((one) => one.startsWith(`${day}.`)).map((one) => Number(one.split('.')[1]))
  return `${day}.${Math.max(0, ...numbers.filter(Number.isSafeInteger)) + 1}`
}
