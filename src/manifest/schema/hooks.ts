import { limits } from '../limits.ts'
import type { Node } from '../source/node.ts'
import { list } from './collections.ts'
import { notFetched } from './not-fetched.ts'
import { object } from './object.ts'
import { duration } from './scalars.ts'
import { oneOf, text } from './text.ts'
import type { Located, Schema } from './types.ts'

const command = text({ label: 'command', expected: 'a command', minLength: 1, verbatim: true })

const hook = object({
  what: 'a hook',
  definition: 'hook',
  fields: {
    run: {
      schema: command,
      description: 'A command line for `sh`.',
      required: true,
      examples: ['./scripts/seed.sh'],
    },
    in: {
      schema: oneOf(['host', 'guest']),
      description:
        "Where it runs: on this computer, in the manifest's folder, or in the guest, as root, if it is running then.",
      default: 'host',
    },
    timeout: {
      schema: duration({ min: 1000, max: 86_400_000, bounds: 'from 1s to 1d' }),
      description: 'How long it may take.',
      default: '5m',
    },
    on_error: {
      schema: oneOf(['fail', 'warn']),
      description: 'Whether a hook that fails, or takes too long, ends the command or is only reported.',
      absent: '`fail`; `warn` for `halt` and `destroy`',
      examples: ['warn'],
    },
  },
})

export const hookFields = hook.fields

type Written = NonNullable<ReturnType<typeof hook.check>>

/** A command alone, a mapping, or a list of these. */
const hooksOf: Schema<Located<Written>[]> = {
  label: 'command, mapping or list of these',
  check: (node, context, owner) => {
    if (node.kind === 'list') return items.check(node, context, owner)
    const value = item.check(node, context, owner)
    return value === undefined ? undefined : [{ value, node, owner }]
  },
  json: (definitions) => ({ anyOf: [item.json(definitions), items.json(definitions)] }),
}

const item: Schema<Written> = {
  label: 'hook',
  check: (node, context, owner) => hook.check(node.kind === 'map' ? node : asMapping(node), context, owner),
  json: (definitions) => ({ anyOf: [command.json(definitions), hook.json(definitions)] }),
}

const items = list(item, { max: limits.hooks, of: 'hooks', example: '[./scripts/seed.sh]' })

function asMapping(node: Node): Node {
  const entry = { key: 'run', keySpan: node.span, value: node }
  return { kind: 'map', entries: new Map([['run', entry]]), span: node.span }
}

function around(when: string) {
  const verb = (name: string) => hooksAround(`\`posada ${name}\``)
  const hooksAround = (what: string) => ({ schema: hooksOf, description: `Hooks that run ${when} ${what}.` })
  const fields = {
    up: verb('up'),
    halt: verb('halt'),
    destroy: verb('destroy'),
    provision: verb('provision'),
    suspend: verb('suspend'),
    resume: hooksAround('a suspended machine goes on, by `posada resume` or `posada up`'),
    snapshot: verb('snapshot save'),
    rewind: hooksAround('`posada rewind` and `posada snapshot restore`'),
  }
  return {
    schema: object({ what: `hooks ${when} a command`, fields }),
    description: `What runs ${when} a command.`,
  }
}

/** `hooks:` of a machine. */
export const hooks = notFetched(
  'hooks',
  object({ what: 'hooks', fields: { before: around('before'), after: around('after') } }),
  'which runs commands on this computer',
)
