import { boxNamePart, boxVersionForm } from '../../lib/values/box-names.ts'
import type { BoxTerms } from '../box-terms.ts'
import { either } from './collections.ts'
import { object } from './object.ts'
import { type BoxPlace, leading, withFolder } from './places.ts'
import { truth } from './scalars.ts'
import { oneOf, text } from './text.ts'
import type { Schema } from './types.ts'

const condition = ` *(?:=|!=|>=|<=|~>|>|<)? *v?${boxVersionForm} *`
const wanted = `(?:@${condition}(?:,${condition})*)?`
const forms = [
  `${boxNamePart}/${boxNamePart}${wanted}`,
  `vagrant:[A-Za-z0-9._-]{1,64}/[A-Za-z0-9._-]{1,64}${wanted}`,
  '\\.{0,2}/.+',
  '(?:https?|oci)://\\S+',
]

const from = leading(
  text({
    label: 'box',
    expected: 'the name of a box such as debian/12',
    pattern: forms.join('|'),
    maxLength: 2000,
    hint: (given) => {
      const colon = /^([a-z0-9._-]+):([a-z0-9._-]+)$/.exec(given)
      if (colon !== null) return `did you mean '${colon[1]}/${colon[2]}'?`
      if (/^[a-z]+:\/\//.test(given)) return 'boxes are fetched by https:// and oci://'
      if (given.includes('@'))
        return "one version of a box is named like debian/12@20261122.1, several like 'debian/12@>= 2026, < 2027'"
      if (/\.(tar|box|qcow2|img|raw)\b/.test(given))
        return `a path begins with ./: did you mean './${given}'?`
      return 'posada box search shows the boxes that are available, posada box list those in the store'
    },
  }),
  withFolder,
)

const long = object({
  what: 'a box',
  fields: {
    from: {
      schema: from,
      description: 'What the box is named by, or where it is.',
      required: true,
      examples: ['https://example.com/shop.box'],
    },
    checksum: {
      schema: text({
        label: 'checksum',
        expected: 'a checksum such as sha256:9f86…',
        pattern: '(?:sha256:[0-9A-Fa-f]{64}|sha384:[0-9A-Fa-f]{96}|sha512:[0-9A-Fa-f]{128})',
        hint: () => 'write sha256: and 64 hexadecimal digits, or sha512: and 128; weaker ones are not taken',
      }),
      description: 'What the file has to hash to; of a box in a registry, the digest of its manifest.',
    },
    unchecked: {
      schema: truth(),
      description:
        'Whether a download without a checksum is accepted the first time; `posada.lock` has one from then on.',
      default: false,
    },
    name: {
      schema: text({
        label: 'name',
        expected: 'a name such as team/shop',
        pattern: `${boxNamePart}/${boxNamePart}`,
      }),
      description: 'What to call a box that does not say.',
      absent: 'made from the file’s name',
    },
    version: {
      schema: text({ label: 'version', expected: 'digits and dots such as "1.2"', pattern: boxVersionForm }),
      description: 'The version of a box that does not say.',
      absent: 'made from the file’s content',
    },
    user: {
      schema: text({ label: 'user', expected: 'the name of a user', pattern: '[a-z_][a-z0-9_-]{0,31}' }),
      description: 'The user to log in as, of a Vagrant box or a cloud image.',
    },
    firmware: { schema: oneOf(['bios', 'uefi']), description: 'What a box boots with that does not say.' },
    image: {
      schema: oneOf(['qcow2', 'raw']),
      description: 'That the file is a disk image of this format; raw ones cannot be told otherwise.',
    },
  },
})

export const boxFields = long.fields

/** A box by its name or place, and what holds for getting it. */
export interface BoxReference {
  from: BoxPlace
  terms: BoxTerms
}

/** `debian/12`, a path, a URL; or a mapping with `from` and terms. */
export const box: Schema<BoxReference> = (() => {
  const both = either(from, long)
  return {
    ...both,
    label: 'box, or a mapping',
    check: (node, context, owner) => {
      const read = both.check(node, context, owner)
      if (read === undefined) return undefined
      if ('written' in read) return { from: read, terms: { checksum: null, unchecked: false, facts: {} } }
      const {
        from: source,
        checksum = null,
        unchecked = false,
        name,
        version: number,
        user,
        firmware,
        image,
      } = read
      if (source === undefined) return undefined
      const facts = {
        ...(name === undefined ? {} : { name }),
        ...(number === undefined ? {} : { version: number }),
        ...(user === undefined ? {} : { user }),
        ...(firmware === undefined ? {} : { firmware }),
        ...(image === undefined ? {} : { image }),
      }
      return { from: source, terms: { checksum, unchecked, facts } }
    },
  }
})()
