/** A text in which variables of the environment stand; `or` is what counts where one is not set. */
export type Given = readonly (string | Variable)[]

export interface Variable {
  variable: string
  /** Null: nothing was said of it, and it is empty. */
  or: string | null
}

/** The text where it has no variables. */
export function plain(value: Given): string | undefined {
  return value.every((part) => typeof part === 'string') ? value.join('') : undefined
}

/** As a value of the manifest: `${NAME:-default}`, and `$` doubled where it would be read as one of those. */
export function asValue(value: Given): string {
  return value
    .map((part) =>
      typeof part === 'string' ? dollars(part) : `\${${part.variable}:-${dollars(part.or ?? '')}}`,
    )
    .join('')
}

/** A text for a key in which variables are put in, so that it comes out as it is. */
export function dollars(text: string): string {
  return text.replace(/\$(?=[${]|$)/g, '$$$$')
}

/**
 * As a script, in which no variables are put in: the shell's own do it, handed over by the step's `env`. What they
 * are is in the second part.
 */
export function asScript(value: Given): { script: string; env: Record<string, Given> } {
  const env: Record<string, Given> = {}
  const script = value
    .map((part) => {
      if (typeof part === 'string') return part
      env[part.variable] = [part]
      return `\${${part.variable}}`
    })
    .join('')
  return { script, env }
}
