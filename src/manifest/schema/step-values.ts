import { limits } from '../limits.ts'
import { mapOf } from './collections.ts'
import { type Read, scalar } from './scalars.ts'
import { text } from './text.ts'

export const user = text({
  label: 'user name',
  expected: 'the name of a user or group',
  pattern: '[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}',
})

export const variableName = '[A-Za-z_][A-Za-z0-9_]{0,254}'

export const variable = text({
  expected: 'the name of a variable: letters, digits and _',
  pattern: variableName,
})

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
    keys: variable,
  },
)
