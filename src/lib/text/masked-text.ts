/**
 * What was written for a URL, and may not be one, as it may be shown: without user, password and values of
 * the query. A password may have any characters, and a digest stands behind `@` as well.
 */
export function maskedText(text: string): string {
  const begin = text.indexOf('://') + 3
  if (begin < 3) return text
  const rest = text.slice(begin)
  const end = userEnd(rest)
  const bare = end < 0 ? text : text.slice(0, begin) + rest.slice(end + 1)
  return bare.replace(parameter, '$1=…')
}

/**
 * A line of a file as it may be shown: like `maskedText` for every URL in it, with `*` for each character that is
 * not, so that columns stay. Variables (`${TOKEN}`) are not secret and are left.
 */
export function maskedLine(line: string): string {
  return line.replace(/:\/\/\S+/g, (found) => {
    const rest = found.slice(3)
    const end = Math.max(0, userEnd(rest))
    const tail = rest
      .slice(end)
      .replace(parameter, (_, name: string, value: string) => `${name}=${starred(value)}`)
    return `://${starred(rest.slice(0, end))}${tail}`
  })
}

const parameter = /([?&][^?=&#\s]{1,100})=([^&#\s]*)/g

function starred(secret: string): string {
  return secret.replace(/(:|\$\{\w+\})|[\s\S]/g, (_, kept?: string) => kept ?? '*')
}

/** Where the `@` behind user and password is in what follows `://`; less than 0: there are none. */
function userEnd(rest: string): number {
  let end = rest.lastIndexOf('@')
  while (end > 0 && rest.startsWith('sha256:', end + 1)) end = rest.lastIndexOf('@', end - 1)
  const user = rest.slice(0, Math.max(0, end))
  return user.includes(':') || !user.includes('/') ? end : -1
}
