/**
 * A path inside an archive as `a/b`, without `./`; null for one that leads out of it or is none: absolute,
 * with `..`, a backslash or a control character.
 */
export function safePath(path: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (path.length > 1000 || path.startsWith('/') || /[\x00-\x1f\x7f\\]/.test(path)) return null
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return parts.length === 0 || parts.includes('..') ? null : parts.join('/')
}
