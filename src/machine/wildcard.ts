/** Whether a text has wildcards: `*` for any characters, `?` for a single one. */
export function hasWildcard(text: string): boolean {
  return /[*?]/.test(text)
}

/** Whether a whole name fits a pattern. It takes time in proportion to the product of their lengths at most. Pure. */
export function matchesWildcard(name: string, pattern: string): boolean {
  let at = 0
  let next = 0
  let star = -1
  let begun = 0
  while (at < name.length) {
    if (pattern[next] === '*') {
      star = next++
      begun = at
    } else if (pattern[next] === '?' || (next < pattern.length && pattern[next] === name[at])) {
      at++
      next++
    } else if (star >= 0) {
      next = star + 1
      at = ++begun
    } else return false
  }
  while (pattern[next] === '*') next++
  return next === pattern.length
}
