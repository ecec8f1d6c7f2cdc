import type { WebAddress } from '../../lib/net/web-address.ts'
import type { LocalScript } from '../shapes.ts'
import { isUrl } from '../source/lead.ts'
import { either } from './collections.ts'
import { exactlyOne } from './exactly-one.ts'
import { object } from './object.ts'
import { pathOrBeside, webUrl } from './places.ts'
import { text } from './text.ts'
import type { Schema } from './types.ts'

/** A script, or where it is. */
export type Script = LocalScript | WebAddress

const keys = ['inline', 'path', 'url']

const shellLong = object({
  what: 'shell',
  fields: {
    inline: {
      schema: text({ label: 'script', expected: 'a script', minLength: 1, verbatim: true }),
      description: 'The script itself. Variables are not put in: what it says of `$` is for the shell.',
      examples: ['apt-get update'],
    },
    path: {
      schema: pathOrBeside,
      description: 'Path of a script on the host.',
      examples: ['scripts/setup.sh'],
    },
    url: {
      schema: webUrl,
      description:
        'Where to fetch the script from, with its checksum behind it if you like (`#sha256=…`). What came is kept in `posada.lock`.',
      examples: ['https://example.com/setup.sh'],
    },
  },
  explain: (key) =>
    ['args', 'env', 'sensitive', 'user', 'run', 'timeout', 'name'].includes(key)
      ? `'${key}' stands beside 'shell', as a key of the step`
      : undefined,
  refine: exactlyOne('shell', keys),
  json: { oneOf: keys.map((key) => ({ required: [key] })) },
})

export const shellFields = shellLong.fields

/**
 * `shell:` as a text is a path or a URL only where it cannot be a command line: one line without white space that
 * begins with `./`, `../` or `/`, or with `https://`.
 */
function isScriptPlace(written: string): boolean {
  return /^(?:\.{1,2})?\/\S+$/.test(written) || (isUrl(written) && !/\s/.test(written))
}

const scriptText: Schema<string> = text({
  label: 'script, path or URL',
  expected: 'a script or where it is',
  minLength: 1,
  verbatim: true,
})

/** A script's text, or where it is; variables are put into places only. */
const shellShort: Schema<Script> = {
  label: scriptText.label,
  check: (node, context, owner) => {
    const written = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : ''
    if (isScriptPlace(written)) return pathOrBeside.check(node, context, owner)
    const inline = scriptText.check(node, context, owner)
    return inline === undefined ? undefined : { inline }
  },
  json: () => ({ type: 'string', minLength: 1 }),
}

const mapping: Schema<Script> = {
  ...shellLong,
  check: (node, context, owner) => {
    const { inline, path, url } = shellLong.check(node, context, owner) ?? {}
    return inline === undefined ? (path ?? url) : { inline }
  },
}

/** `shell:` of a step: a script, where it is, or a mapping that says which. */
export const shell = either(shellShort, mapping)
