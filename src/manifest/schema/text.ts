import { nearest } from '../../lib/text/suggest.ts'
import { limits } from '../limits.ts'
import { type Read, scalar } from './scalars.ts'
import type { Schema } from './types.ts'

export interface TextOptions {
  label?: string
  expected?: string
  /** Without anchors: it is matched against the whole text. */
  pattern?: string
  hint?: (text: string) => string | undefined
  maxLength?: number
  minLength?: number
  verbatim?: boolean
}

/** A text. */
export function text(options: TextOptions = {}): Schema<string> {
  const { label = 'text', expected = 'a text', pattern, hint, minLength = 0, maxLength, verbatim } = options
  const regexp = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`)
  return scalar({
    label,
    expected,
    ...(verbatim === undefined ? {} : { verbatim }),
    read: (value): Read<string> => {
      if (maxLength !== undefined && value.length > maxLength)
        return { problem: `got ${value.length} characters`, hint: `at most ${maxLength} are allowed` }
      if (value.length >= minLength && (regexp?.test(value) ?? true)) return { value }
      const advice = hint?.(value)
      return advice === undefined ? {} : { hint: advice }
    },
    json: {
      type: 'string',
      ...(pattern === undefined ? {} : { pattern: `^(?:${pattern})$` }),
      ...(minLength === 0 ? {} : { minLength }),
    },
  })
}

/** One of a few words. `aliases` are wrong words that people use for them. */
export function oneOf<const T extends string>(
  words: readonly T[],
  aliases: Record<string, T> = {},
): Schema<T> {
  return scalar({
    label: words.map((word) => `\`${word}\``).join(', '),
    expected: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
    read: (given): Read<T> => {
      const word = words.find((known) => known === given)
      if (word !== undefined) return { value: word }
      const near = Object.hasOwn(aliases, given) ? aliases[given] : nearest(given, words)
      return near === undefined ? {} : { hint: `did you mean '${near}'?` }
    },
    json: { type: 'string', enum: words },
  })
}

const namePattern = '[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?'

/** A name that is also a host name: RFC 1123 label that begins with a letter. */
export function name(): Schema<string> {
  return text({
    label: 'name',
    expected: `a name of lower-case letters, digits and '-' that begins with a letter, at most ${limits.nameLength} characters`,
    pattern: namePattern,
    hint: (given) => {
      const valid = validName(given)
      return valid === undefined ? undefined : `did you mean '${valid}'?`
    },
  })
}

/** A valid name made of any text: `My Shop` becomes `my-shop`; undefined where nothing remains. */
export function validName(given: string): string | undefined {
  const valid = given
    .slice(0, 500)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, limits.nameLength)
    .replace(/-+$/, '')
  return valid === '' ? undefined : valid
}
