import { filesystems } from '../shapes.ts'
import { guestFolder } from './guest-folder.ts'
import { object } from './object.ts'
import { size, truth } from './scalars.ts'
import { oneOf, text } from './text.ts'

const mebibyte = 1024 ** 2

/** It is the disk's serial number, which has 20 bytes (virtio 1.2, §5.2.6). */
const diskName = text({
  label: 'name',
  expected:
    "a name of lower-case letters, digits and '-' that begins with a letter, at most 20 characters, other than root, cidata and disk-N",
  pattern: '(?!(?:root|cidata|disk-[0-9]+)$)[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?',
  hint: (given) =>
    /^(?:root|cidata|disk-\d+)$/.test(given) ? 'the disks of boxes have these names' : undefined,
})

/** An item of `disks`. */
export const disk = object({
  what: 'a disk',
  definition: 'disk',
  fields: {
    name: {
      schema: diskName,
      description: 'Its name, at most 20 characters; the guest sees it as the serial number.',
      required: true,
      examples: ['data'],
    },
    size: {
      schema: size({ min: mebibyte, max: 64 * 1024 ** 4, bounds: 'from 1MiB to 64TiB', step: mebibyte }),
      description:
        'Its size, rounded up to a whole MiB. Of the host it takes what the guest has written. A larger one is grown at the next start, with its file system; a smaller one is refused.',
      required: true,
      examples: ['20GiB'],
    },
    mount: {
      schema: guestFolder,
      description: 'Absolute path in the guest, made if it is missing.',
      absent: 'not mounted',
      examples: ['/srv/data'],
    },
    filesystem: {
      schema: oneOf(filesystems, { ext3: 'ext4', ext2: 'ext4' }),
      description: 'What a blank disk is formatted as, and what it is mounted as. `swap` is not mounted.',
      default: 'ext4',
    },
    format: {
      schema: truth(),
      description: 'Whether it is formatted where it is blank. Otherwise that is left to you.',
      default: true,
    },
    keep: {
      schema: truth(),
      description:
        'Whether it outlives `posada destroy`: the next machine of this name gets it. `posada destroy --disks` removes it.',
      default: false,
    },
  },
})

export const diskFields = disk.fields
