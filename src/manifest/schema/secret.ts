import { limits } from '../limits.ts'
import type { SecretPlace } from '../shapes.ts'
import { mapOf } from './collections.ts'
import { exactlyOne } from './exactly-one.ts'
import { notFetched } from './not-fetched.ts'
import { object } from './object.ts'
import { hostPath } from './places.ts'
import { variable, variableName } from './step-values.ts'
import { text } from './text.ts'
import type { Schema } from './types.ts'

const keys = ['env', 'file', 'command']

const place = object({
  what: 'a sensitive value',
  fields: {
    env: {
      schema: variable,
      description: 'The variable of this computer, or of `.env`, that has the value.',
      examples: ['DEPLOY_TOKEN'],
    },
    file: {
      schema: hostPath,
      description: 'Path of the file on the host that holds the value; a line break at its end is ignored.',
      examples: ['./secrets/token'],
    },
    command: {
      schema: text({ label: 'command', expected: 'a command', minLength: 1, verbatim: true }),
      description:
        'A command line that `sh` runs on the host, in the folder of the manifest, and that writes the value. You are asked once whether it may run.',
      examples: ['pass show shop/deploy'],
    },
  },
  refine: exactlyOne('a sensitive value', keys),
  json: { oneOf: keys.map((key) => ({ required: [key] })) },
})

export const secretFields = place.fields

const secret: Schema<SecretPlace> = {
  ...place,
  check: (node, context, owner) => {
    const { env, file, command } = place.check(node, context, owner) ?? {}
    if (env !== undefined) return { env }
    if (file !== undefined) return { path: file }
    return command === undefined ? undefined : { command }
  },
}

/** `sensitive:` of a step. */
export const sensitive = notFetched(
  'sensitive',
  mapOf(secret, {
    max: limits.variables,
    of: 'sensitive values',
    pattern: variableName,
    keys: variable,
  }),
  'which takes values from this computer',
)
