import { normalVersion } from '../../lib/values/box-names.ts'
import { compareVersions, splitVersion } from '../names.ts'

const operators = ['=', '!=', '>=', '<=', '~>', '>', '<'] as const

/** One condition on a version: `>= 1.2`. */
export interface Constraint {
  operator: (typeof operators)[number]
  version: string
}

/** What a text such as `>= 1.2, < 2` or `20261122.1` asks for; null where it cannot be understood. */
export function parseConstraints(text: string): Constraint[] | null {
  if (text.length > 200) return null
  const constraints: Constraint[] = []
  for (const part of text.split(',')) {
    const [, operator = '=', text = ''] = /^\s*(=|!=|>=|<=|~>|>|<)?\s*([\w.+-]+)\s*$/.exec(part) ?? []
    const known = operators.find((one) => one === operator)
    const version = normalVersion(text)
    if (known === undefined || version === null) return null
    constraints.push({ operator: known, version })
  }
  return constraints
}

/**
 * Whether a version fulfils all of them; any does where there are none. `1.2` and `1.2.0` are equal. A pre-release is
 * taken only where one of them names a pre-release. Source: RubyGems, "Pre-release versions".
 */
export function fits(version: string, constraints: readonly Constraint[]): boolean {
  if (isPrerelease(version) && !constraints.some((one) => isPrerelease(one.version))) return false
  return constraints.every((constraint) => fulfils(version, constraint))
}

/**
 * Those of `all` that fulfil the constraints; where none are given and all are pre-releases, all. What has no version
 * is for those who ask for none.
 */
export function fitting<T extends { version: string | null }>(
  all: readonly T[],
  constraints: readonly Constraint[],
): T[] {
  const found = all.filter(({ version }) =>
    version === null ? constraints.length === 0 : fits(version, constraints),
  )
  return found.length === 0 && constraints.length === 0 ? [...all] : found
}

function isPrerelease(version: string): boolean {
  return splitVersion(version).pre !== null
}

/** The one version that they ask for by name; null where several may fit. */
function exactVersion(constraints: readonly Constraint[]): string | null {
  const [only, ...more] = constraints
  return only?.operator === '=' && more.length === 0 ? only.version : null
}

/** `>= 1.2, < 2`; `20261122.1` for one version. */
export function constraintsText(constraints: readonly Constraint[]): string {
  const exact = exactVersion(constraints)
  return exact ?? constraints.map(({ operator, version }) => `${operator} ${version}`).join(', ')
}

function fulfils(found: string, { operator, version }: Constraint): boolean {
  const order = compareVersions(trimmed(found), trimmed(version))
  switch (operator) {
    case '=':
      return order === 0
    case '!=':
      return order !== 0
    case '>=':
      return order >= 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '<':
      return order < 0
    case '~>':
      return order >= 0 && compareVersions(splitVersion(found).release, ceiling(version)) < 0
  }
}

/** `~> 1.2` ends before 2, `~> 1.2.3` before 1.3, `~> 1` before 2. Source: RubyGems, "Pessimistic version constraint". */
function ceiling(version: string): string {
  const parts = splitVersion(version).release.split('.').map(Number)
  const kept = parts.slice(0, Math.max(1, parts.length - 1))
  return [...kept.slice(0, -1), (kept.at(-1) ?? 0) + 1].join('.')
}

function trimmed(version: string): string {
  return version.replace(/(\.0+)+(?=$|-)/, '')
}
