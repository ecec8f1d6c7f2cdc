import { rate } from './conditions.ts'
import { object } from './object.ts'
import { integer, size } from './scalars.ts'

const disk = object({
  what: 'limits of disks',
  fields: {
    iops: {
      schema: integer({ min: 1, max: 10_000_000 }),
      description: 'Requests a second, reads and writes together.',
      absent: 'no limit',
      examples: [500],
    },
    bandwidth: {
      schema: size({ min: 65_536, max: 1024 ** 4, bounds: 'from 64KiB to 1TiB' }),
      description: 'How much is read and written a second.',
      absent: 'no limit',
      examples: ['50MiB'],
    },
  },
})

const network = object({
  what: 'limits of the network',
  fields: {
    bandwidth: {
      schema: rate(64_000),
      description: 'How much passes in each direction.',
      absent: 'no limit',
      examples: ['20mbit'],
    },
  },
})

/** `limits:` of a machine. */
export const machineLimits = object({
  what: 'limits of a machine',
  fields: {
    disk: { schema: disk, description: 'Of all its disks together.', examples: [{ iops: 500 }] },
    network: {
      schema: network,
      description: 'Of its way to the outside world; private networks have `conditions`.',
      examples: [{ bandwidth: '20mbit' }],
    },
  },
})
