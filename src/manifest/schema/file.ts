import { limits } from '../limits.ts'
import { exactlyOne } from './exactly-one.ts'
import { object } from './object.ts'
import { hostPath } from './places.ts'
import { user } from './step-values.ts'
import { text } from './text.ts'

/** `file:` of a step. */
export const file = object({
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

export const fileFields = file.fields
