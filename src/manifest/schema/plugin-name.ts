import { text } from './text.ts'

/** A plug-in's name is that of its package without `posada-provider-`, say, behind the scope where it has one. */
export const pluginNamePattern = '(?:@[a-z0-9][a-z0-9._-]{0,62}/)?[a-z][a-z0-9-]{0,62}'

export function pluginNameHint(kind: string): string {
  return `posada-${kind}-acme is the ${kind} acme, @corp/posada-${kind}-acme is @corp/acme`
}

/** The name of a plug-in of a kind. */
export function pluginName(kind: string) {
  return text({
    label: `name of a ${kind}`,
    expected: `the name of a ${kind}`,
    pattern: pluginNamePattern,
    hint: () => pluginNameHint(kind),
  })
}
