import { limits } from '../limits.ts'
import { anything, either, list, mapOf } from './collections.ts'
import { object } from './object.ts'
import { hostPath } from './places.ts'
import { variable, variableName } from './step-values.ts'
import { oneOf, text } from './text.ts'
import type { Located, Schema } from './types.ts'

/** `ansible:` of a step as it is written. */
export interface Playbook {
  playbook: string
  groups?: Located<string>[] | undefined
  vars?: Map<string, Located<unknown>> | undefined
  via?: 'host' | 'guest' | undefined
}

const long = object({
  what: 'ansible',
  fields: {
    playbook: {
      schema: hostPath,
      description:
        'Path of the playbook on the host. It lies in a folder of its own, with its roles and all else that it needs: changes there make the step due.',
      required: true,
      examples: ['ops/site.yml'],
    },
    groups: {
      schema: list(text({ label: 'name', expected: 'the name of a group', pattern: variableName }), {
        max: limits.args,
        of: 'groups',
      }),
      description:
        'Groups of the inventory that the machine is in, beside `all`; it is called by its own name.',
      examples: [['webservers']],
    },
    vars: {
      schema: mapOf(anything(), {
        max: limits.variables,
        of: 'variables',
        pattern: variableName,
        keys: variable,
      }),
      description: 'Variables of the playbook (`--extra-vars`).',
      examples: [{ port: 8080 }],
    },
    via: {
      schema: oneOf(['host', 'guest']),
      description: 'Which `ansible-playbook` runs it: that of this computer, over SSH, or that of the guest.',
      absent: "this computer's if it has one, otherwise the guest's",
      examples: ['guest'],
    },
  },
})

export const ansibleFields = long.fields

const short: Schema<Playbook> = {
  ...hostPath,
  check: (node, context, owner) => {
    const playbook = hostPath.check(node, context, owner)
    return playbook === undefined ? undefined : { playbook }
  },
}

const mapping: Schema<Playbook> = {
  ...long,
  check: (node, context, owner) => {
    const { playbook, ...rest } = long.check(node, context, owner) ?? {}
    return playbook === undefined ? undefined : { playbook, ...rest }
  },
}

/** `ansible:` of a step: the path of a playbook, or a mapping with more about it. */
export const ansible = either(short, mapping)
