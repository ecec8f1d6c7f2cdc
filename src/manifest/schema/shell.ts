import { either } from './collections.ts'
import { exactlyOne } from './exactly-one.ts'
import { object } from './object.ts'
import { hostPath } from './step-values.ts'
import { text } from './text.ts'
import type { Schema } from './types.ts'

const shellLong = object({
  what: 'shell',
  fields: {
    inline: {
      schema: text({ label: 'script', expected: 'a script', minLength: 1, verbatim: true }),
      description: 'The script itself. Variables are not put in: what it says of `$` is for the shell.',
      examples: ['apt-get update'],
    },
    path: { schema: hostPath, description: 'Path of a script on the host.', examples: ['scripts/setup.sh'] },
  },
  explain: (key) =>
    ['args', 'env', 'user', 'run', 'timeout', 'name'].includes(key)
      ? `'${key}' stands beside 'shell', as a key of the step`
      : undefined,
  refine: exactlyOne('shell', ['inline', 'path']),
  json: { oneOf: [{ required: ['inline'] }, { required: ['path'] }] },
})

export const shellFields = shellLong.fields

/** `shell:` as a text is a path only where it cannot be a command line: one line, beginning with `./`, `../` or `/`, without white space. */
export function isScriptPath(written: string): boolean {
  return /^(?:\.{1,2})?\/\S+$/.test(written)
}

const scriptText: Schema<string> = text({
  label: 'script or path',
  expected: 'a script or the path of one',
  minLength: 1,
  verbatim: true,
})
const scriptPath: Schema<string> = hostPath

/** A script's text or path; variables are put into paths only. */
const shellShort: Schema<{ inline?: string | undefined; path?: string | undefined }> = {
  label: 'script or path',
  check: (node, context, owner) => {
    const isPath = node.kind === 'scalar' && typeof node.value === 'string' && isScriptPath(node.value)
    const read = (isPath ? scriptPath : scriptText).check(node, context, owner)
    if (read === undefined) return undefined
    return isPath ? { path: read } : { inline: read }
  },
  json: () => ({ type: 'string', minLength: 1 }),
}

/** `shell:` of a step: a script, the path of one, or a mapping that says which. */
export const shell = either(shellShort, shellLong)
