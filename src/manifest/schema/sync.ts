import { limits } from '../limits.ts'
import { list } from './collections.ts'
import { guestFolder } from './guest-folder.ts'
import { object } from './object.ts'
import { hostPath } from './places.ts'
import { type Read, scalar, truth } from './scalars.ts'
import { text } from './text.ts'

const words = ['auto', 'mirror', 'once', 'mount'] as const

const type = scalar<(typeof words)[number]>({
  label: words.map((word) => `\`${word}\``).join(', '),
  expected: 'auto, mirror, once or mount',
  read: (given): Read<(typeof words)[number]> => {
    const value = words.find((word) => word === given)
    if (value !== undefined) return { value }
    if (['virtiofs', 'virtio-fs', '9p', 'nfs', 'bind'].includes(given))
      return { hint: "did you mean 'mount'?" }
    const near = ['rsync', 'copy'].includes(given) ? 'once' : 'mirror'
    return { hint: `did you mean '${near}'?` }
  },
  json: { type: 'string', enum: words },
})

/** An item of `sync`. */
export const syncedFolder = object({
  what: 'a synced folder',
  definition: 'sync',
  fields: {
    from: {
      schema: hostPath,
      description: 'Path of the folder on the host.',
      required: true,
      examples: ['.'],
    },
    to: {
      schema: guestFolder,
      description:
        'Absolute path of the folder in the guest. If it does not exist, it is created and belongs to the login user.',
      required: true,
      examples: ['/srv/app'],
    },
    type: {
      schema: type,
      description:
        '`mirror` keeps both folders equal, in both directions, while the machine runs; `once` copies to the guest when the machine is made and with `posada sync`; `mount` lets the guest work in the folder itself, by virtio-fs. `auto` is `mirror`.',
      default: 'auto',
    },
    exclude: {
      schema: list(text({ minLength: 1, maxLength: limits.pathLength, pattern: '[^\\n\\r]*' }), {
        max: limits.excludes,
        of: 'patterns',
      }),
      description:
        'What is left alone on both sides: patterns as in `.gitignore`. They go before what `.gitignore` and `.posadaignore` files say; `!pattern` takes a path back.',
      examples: [['node_modules', '*.log']],
    },
    gitignore: {
      schema: truth(),
      description: 'Whether what `.gitignore` and `.posadaignore` files name is left alone too.',
      default: true,
    },
    git: {
      schema: truth(),
      description:
        'Whether `.git` is synced. Without it the guest has the files and no repository; with it the guest may write hooks, so you are [asked](security.md#what-is-asked-before-it-runs).',
      default: false,
    },
    merge: {
      schema: truth(),
      description:
        'Whether a text file that was changed on both sides is merged where the changes do not overlap. Otherwise it is a conflict. `mirror` only.',
      default: false,
    },
    read_only: {
      schema: truth(),
      description: 'Whether the guest may only read the folder. `mount` only.',
      default: false,
    },
  },
})

export const syncFields = syncedFolder.fields
