import { limits } from '../limits.ts'
import type { MapNode } from '../source/node.ts'
import type { Span } from '../source/source.ts'
import { either, list, mapOf } from './collections.ts'
import { object } from './object.ts'
import { duration, type Read, scalar } from './scalars.ts'
import { oneOf, text } from './text.ts'
import type { Context, Schema } from './types.ts'

export const hostPath = text({
  label: 'path',
  expected: 'a path of the host',
  minLength: 1,
  maxLength: limits.pathLength,
  pattern: '(?!~)[\\s\\S]*',
  hint: (given) =>
    given.startsWith('~') ? `'~' is not expanded; write \${HOME}${given.slice(1)}` : undefined,
})

const user = text({
  label: 'user name',
  expected: 'the name of a user or group',
  pattern: '[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}',
})

const variableName = '[A-Za-z_][A-Za-z0-9_]{0,254}'

/** Environment variables. Numbers and truth values are taken as they are written. */
export const environment = mapOf(
  scalar<string>({
    label: 'text',
    expected: 'a text',
    takes: ['string', 'number', 'boolean'],
    read: (value): Read<string> => ({ value }),
    json: { type: ['string', 'number', 'boolean'] },
  }),
  {
    max: limits.variables,
    of: 'variables',
    pattern: variableName,
    keys: text({ expected: 'the name of a variable: letters, digits and _', pattern: variableName }),
  },
)

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
  refine: exactlyOne('shell', ['inline', 'path']),
  json: { oneOf: [{ required: ['inline'] }, { required: ['path'] }] },
})

const file = object({
  what: 'file',
  fields: {
    from: {
      schema: hostPath,
      description: 'Path of the file or folder on the host.',
      examples: ['./nginx.conf'],
    },
    content: {
      schema: text({ verbatim: true }),
      description: 'The text of the file. Variables are not put in.',
      examples: ['127.0.0.1 db'],
    },
    to: {
      schema: text({
        label: 'path',
        expected: 'an absolute path in the guest',
        pattern: '/[\\s\\S]*',
        maxLength: limits.pathLength,
        hint: (given) => `did you mean '/${given}'?`,
      }),
      description: 'Absolute path in the guest.',
      required: true,
      examples: ['/etc/nginx/nginx.conf'],
    },
    mode: {
      schema: text({ label: 'octal digits', expected: 'octal digits such as "0644"', pattern: '[0-7]{3,4}' }),
      description: 'Permissions, in quotes.',
      absent: 'as on the host; `0644` for `content`',
      examples: ['0644'],
    },
    owner: {
      schema: user,
      description: 'User that the file belongs to.',
      absent: '`root`',
      examples: ['root'],
    },
    group: {
      schema: user,
      description: 'Group that the file belongs to.',
      absent: "the owner's",
      examples: ['www-data'],
    },
  },
  refine: exactlyOne('file', ['from', 'content']),
  json: { oneOf: [{ required: ['from'] }, { required: ['content'] }] },
})

export const shellFields = shellLong.fields
export const fileFields = file.fields

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

const onlyShell = ['args', 'env', 'user']
const kinds = ['shell', 'file', 'ansible']

export const step = object({
  what: 'a provision step',
  definition: 'step',
  fields: {
    name: {
      schema: text({
        label: 'text',
        expected: `a name of 1 to ${limits.stepNameLength} characters on one line`,
        pattern: `[^\\x00-\\x1f\\x7f]{1,${limits.stepNameLength}}`,
      }),
      description: 'Name of the step, unique in its machine; `posada provision --step NAME` runs it alone.',
      absent: '`step-1`, `step-2`…',
      examples: ['postgres'],
    },
    shell: {
      schema: either(shellShort, shellLong),
      description:
        'Runs a script in the guest. A single line that begins with `./`, `../` or `/` and has no white space is the path of a script on the host; anything else is the script itself.',
      examples: ['apt-get update && apt-get install -y postgresql', './scripts/setup.sh'],
    },
    file: { schema: file, description: 'Copies a file or folder, or writes a text, into the guest.' },
    run: {
      schema: oneOf(['once', 'changed', 'always'], { never: 'once', change: 'changed' }),
      description: 'When the step runs: only the first time, whenever it has changed, or with every `up`.',
      default: 'changed',
    },
    timeout: {
      schema: duration({ min: 1, max: 604_800_000, bounds: 'more than 0 and at most 7d' }),
      description: 'How long the step may take.',
      absent: 'no limit',
      examples: ['10m'],
    },
    args: {
      schema: list(text(), { max: limits.args, of: 'texts' }),
      description: 'Arguments of the script. Shell steps only.',
      examples: [['--fast']],
    },
    env: {
      schema: environment,
      description: "Variables of the script, over the machine's own. Shell steps only.",
      examples: [{ TOKEN: '${TOKEN:?set it in .env}' }],
    },
    user: {
      schema: user,
      description: 'User of the guest that the script runs as. Shell steps only.',
      absent: '`root`',
      examples: ['web'],
    },
    ansible: { planned: 'Runs an Ansible playbook.' },
  },
  refine: (node, context, owner) => {
    exactlyOne('a provision step', kinds, ['shell', 'file'])(node, context, owner)
    if (!node.entries.has('file') || node.entries.has('shell')) return
    for (const key of onlyShell) {
      const entry = node.entries.get(key)
      if (entry !== undefined)
        context.report({
          code: 'E_KEY_UNKNOWN',
          message: `a file step has no key '${key}'`,
          span: entry.keySpan,
          value: key,
          hint: `'${key}' belongs to shell steps; remove it`,
        })
    }
  },
  json: {
    oneOf: [
      { required: ['shell'] },
      { required: ['file'], not: { anyOf: onlyShell.map((key) => ({ required: [key] })) } },
    ],
  },
})

/** Reports a mapping that has none, or several, of the keys. */
function exactlyOne(what: string, keys: readonly string[], offered = keys) {
  return (node: MapNode, { report }: Context, owner: Span): void => {
    const [first, second] = keys.flatMap((key) => node.entries.get(key) ?? [])
    if (first === undefined) {
      const message = `${what} needs ${offered.map((key) => `'${key}'`).join(' or ')}`
      report({ code: 'E_KEY_MISSING', message, span: owner, hint: `add '${offered[0]}:'` })
    } else if (second !== undefined) {
      const message = `${what} takes one of ${keys.map((key) => `'${key}'`).join(', ')}, got '${first.key}' and '${second.key}'`
      report({
        code: 'E_VALUE_INVALID',
        message,
        span: second.keySpan,
        value: second.key,
        hint: 'remove one of the two',
      })
    }
  }
}
