/** What is to be done to a repository, as a token's scope. Source: distribution, docs/spec/auth/scope.md. */
export function scopeOf(repository: string, actions: string): string {
  return `repository:${repository}:${actions}`
}

/**
 * Several scopes in one list, the actions on one thing together. A registry asks for what a single request needs: a
 * token for reading alone would be refused with the next, which writes.
 */
export function joinScopes(...scopes: readonly (string | null)[]): string[] {
  const actions = new Map<string, Set<string>>()
  for (const scope of scopes.flatMap((one) => one?.split(/\s+/) ?? [])) {
    // A repository's name may hold a colon, its actions cannot.
    const [, thing, list = ''] = /^(.+):([^:]*)$/.exec(scope) ?? []
    if (thing === undefined) continue
    const known = actions.get(thing) ?? new Set()
    for (const action of list.split(',')) known.add(action)
    actions.set(thing, known)
  }
  return [...actions].map(([thing, known]) => `${thing}:${[...known].join(',')}`)
}
