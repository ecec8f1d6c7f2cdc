import { limits } from '../limits.ts'
import { isNull, type MapNode } from '../source/node.ts'
import { ansible } from './ansible.ts'
import { anything, list, mapOf } from './collections.ts'
import { exactlyOne } from './exactly-one.ts'
import { file } from './file.ts'
import { notFetched } from './not-fetched.ts'
import { object } from './object.ts'
import { pluginName } from './plugin-name.ts'
import { puppet } from './puppet.ts'
import { duration, integer, truth } from './scalars.ts'
import { sensitive } from './secret.ts'
import { shell } from './shell.ts'
import { environment, user } from './step-values.ts'
import { oneOf, text } from './text.ts'
import type { Context } from './types.ts'

const onlyShell = ['args', 'env', 'sensitive', 'user']
const kinds = ['shell', 'file', 'ansible', 'puppet', 'uses']
export const occasions = ['create', 'change', 'up', 'resume', 'fork'] as const
const shown: Record<string, string> = {
  file: 'a file',
  ansible: 'an ansible',
  puppet: 'a puppet',
  uses: 'a plug-in',
}

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
      schema: shell,
      description:
        'Runs a script in the guest. A single line without white space that begins with `./`, `../` or `/` is the path of a script on the host, one that begins with `https://` a script to fetch; anything else is the script itself.',
      examples: [
        'apt-get update && apt-get install -y --no-install-recommends postgresql',
        './scripts/setup.sh',
      ],
    },
    file: { schema: file, description: 'Copies a file or folder, or writes a text, into the guest.' },
    ansible: { schema: ansible, description: 'Runs an Ansible playbook.', examples: ['ops/site.yml'] },
    puppet: {
      schema: puppet,
      description: "Applies a Puppet manifest by the guest's `puppet apply`.",
      examples: ['ops/site.pp'],
    },
    uses: {
      schema: notFetched('uses', pluginName('provisioner')),
      description:
        'Has a [provisioner of a package](provisioners.md) carry the step out: `acme` is `posada-provisioner-acme`.',
      examples: ['acme'],
    },
    with: {
      schema: notFetched(
        'with',
        mapOf(anything(), {
          max: limits.variables,
          of: 'settings',
          keys: text({ expected: 'the name of a setting', pattern: '[^\\x00-\\x1f]{1,100}' }),
        }),
      ),
      description:
        'What the provisioner is told; it checks that. Texts that begin with `./` or `../` are paths from the folder of the manifest: the step is due again when what lies there changes. Steps with `uses` only.',
      examples: [{ recipe: './ops/web' }],
    },
    run: {
      schema: oneOf(['once', 'changed', 'always'], { never: 'once', change: 'changed' }),
      description: 'When the step runs: only the first time, whenever it has changed, or with every `up`.',
      default: 'changed',
    },
    on: {
      schema: list(
        oneOf(occasions, {
          once: 'create',
          changed: 'change',
          always: 'up',
          restore: 'resume',
          copy: 'fork',
          clone: 'fork',
        }),
        {
          max: occasions.length,
          of: 'occasions',
          example: '[create, up]',
        },
      ),
      description:
        'The same in place of `run`, as a list: `create` is until it has succeeded once in the machine, `change` whenever it has changed, `up` every `up`, and `resume` each time that the machine goes on from its saved memory: after `posada resume`, `snapshot restore` and `rewind`, and `fork` once in each copy that `posada fork` and `snapshot restore --as` make.',
      absent: 'as `run` says',
      examples: [['create', 'change']],
    },
    retries: {
      schema: integer({ min: 0, max: limits.retries }),
      description:
        'How often the step is run again when it fails or takes longer than `timeout`: after 1 s, 2 s, 4 s and so on, at most 30 s.',
      default: 0,
      examples: [3],
    },
    reboot: {
      schema: truth(),
      description: 'Whether the guest is restarted after the step; Posada waits for it, then continues.',
      default: false,
    },
    cache: {
      schema: truth(),
      description:
        'Whether the disk is kept as it is after the step: the next machine with the same box and the same steps up to here starts from it. For steps whose result does not depend on the machine that they run in.',
      default: false,
    },
    timeout: {
      schema: duration({ min: 1, max: 604_800_000, bounds: 'more than 0 and at most 7d' }),
      description: 'How long the step may take; with `retries`, each time.',
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
    sensitive: {
      schema: sensitive,
      description:
        'Variables of the script whose values are secret: where each is found when the step runs. They are hidden in its output and recorded nowhere. Shell steps only.',
      examples: [{ TOKEN: { env: 'DEPLOY_TOKEN' } }],
    },
    user: {
      schema: user,
      description: 'User of the guest that the script runs as. Shell steps only.',
      absent: '`root`',
      examples: ['web'],
    },
  },
  refine: (node, context, owner) => {
    exactlyOne('a provision step', kinds)(node, context, owner)
    checkOccasions(node, context)
    const kind = kinds.find((each) => node.entries.has(each))
    const settings = node.entries.get('with')
    if (settings !== undefined && kind !== 'uses')
      context.report({
        code: 'E_KEY_UNKNOWN',
        message: "a step without 'uses' has no key 'with'",
        span: settings.keySpan,
        value: 'with',
        hint: 'remove it',
      })
    if (kind === undefined || kind === 'shell') return
    for (const key of onlyShell) {
      const entry = node.entries.get(key)
      if (entry !== undefined)
        context.report({
          code: 'E_KEY_UNKNOWN',
          message: `${shown[kind]} step has no key '${key}'`,
          span: entry.keySpan,
          value: key,
          hint: `'${key}' belongs to shell steps; remove it`,
        })
    }
  },
  json: {
    oneOf: [
      { required: ['shell'], not: { required: ['with'] } },
      ...['file', 'ansible', 'puppet', 'uses'].map((kind) => ({
        required: [kind],
        not: {
          anyOf: [...onlyShell, ...(kind === 'uses' ? [] : ['with'])].map((key) => ({ required: [key] })),
        },
      })),
    ],
  },
})

/** `on` says the same as `run`, and has to say something. */
function checkOccasions(node: MapNode, { report }: Context): void {
  const [on, run] = [node.entries.get('on'), node.entries.get('run')]
  if (on !== undefined && run !== undefined)
    report({
      code: 'E_VALUE_INVALID',
      message: "a provision step takes 'on' or 'run', not both",
      span: on.keySpan,
      value: 'on',
      hint: 'remove one of the two',
    })
  if (on !== undefined && (isNull(on.value) || (on.value.kind === 'list' && on.value.items.length === 0)))
    report({
      code: 'E_VALUE_INVALID',
      message: `'on' needs at least one of ${occasions.join(', ')}`,
      span: on.keySpan,
      value: 'on',
      hint: 'remove it for the default, or remove the step',
    })
}
