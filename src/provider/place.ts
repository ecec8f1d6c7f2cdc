/** Between a provider's name and the host that it runs machines on: `qemu@ssh://user@server`. */
const separator = '@'

/** The name of a provider that runs machines on a host; null: on this one. Pure. */
export function providerAt(provider: string, host: string | null): string {
  return host === null ? provider : `${provider}${separator}${host}`
}

/** The two parts of such a name. Pure. */
export function placeOf(name: string): { provider: string; host: string | null } {
  const at = name.indexOf(separator)
  return at === -1
    ? { provider: name, host: null }
    : { provider: name.slice(0, at), host: name.slice(at + 1) }
}
