/**
 * What somebody wrote for a URL that may be none, as it may be shown: without user, password and values of
 * the query. A password may have any characters, and a digest stands behind `@` as well.
 */
export function maskedText(text: string): string {
  const begin = text.indexOf('://') + 3
  if (begin < 3) return text
  let end = text.lastIndexOf('@')
  while (end > begin && text.startsWith('sha256:', end + 1)) end = text.lastIndexOf('@', end - 1)
  const user = text.slice(begin, Math.max(begin, end))
  const hasUser = end >= begin && (user.includes(':') || !user.includes('/'))
  const bare = hasUser ? text.slice(0, begin) + text.slice(end + 1) : text
  return bare.replace(/([?&][^?=&#\s]{1,100})=[^&#\s]*/g, '$1=…')
}
