import { versionPattern } from '../../lib/values/box-names.ts'
import { compareVersions } from '../names.ts'

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
    const [, operator = '=', version = ''] = /^\s*(=|!=|>=|<=|~>|>|<)?\s*([\d.]+)\s*$/.exec(part) ?? []
    const known = operators.find((one) => one === operator)
    if (known === undefined || !versionPattern.test(version)) return null
    constraints.push({ operator: known, version })
  }
  return constraints
}

/** Whether a version fulfils all of them; any does where there are none. `1.2` and `1.2.0` are equal. */
export function fits(version: string, constraints: readonly Constraint[]): boolean {
  return constraints.every((constraint) => fulfils(version, constraint))
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
      return order >= 0 && compareVersions(found, ceiling(version)) < 0
  }
}

/** `~> 1.2` ends before 2, `~> 1.2.3` before 1.3, `~> 1` before 2. Source: RubyGems, "Pessimistic version constraint". */
function ceiling(version: string): string {
  const parts = version.split('.').map(Number)
  const kept = parts.slice(0, Math.max(1, parts.length - 1))
  return [...kept.slice(0, -1), (kept.at(-1) ?? 0) + 1].join('.')
}

function trimmed(version: string): string {
  return version.replace(/(\.0+)+$/, '')
}
