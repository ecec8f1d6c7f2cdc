import type { Given } from '../given.ts'

/**
 * A value of a compose file: `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}`, `$$` for a dollar sign.
 * Undefined where it has other expressions. Source: docs.docker.com, "Interpolation".
 */
export function readInterpolation(text: string): Given | undefined {
  const parts: Given[number][] = []
  let at = 0
  for (const match of text.matchAll(
    /\$(?:(\$)|([A-Za-z_]\w{0,254})|\{([A-Za-z_]\w{0,254})(?::?-([^${}]*))?\}|)/g,
  )) {
    const [whole, dollar, bare, braced, or] = match
    const variable = bare ?? braced
    if (dollar === undefined && variable === undefined) return undefined
    parts.push(text.slice(at, match.index), variable === undefined ? '$' : { variable, or: or ?? null })
    at = match.index + whole.length
  }
  parts.push(text.slice(at))
  return parts.filter((part) => part !== '')
}
