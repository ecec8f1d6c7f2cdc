import { limits } from '../limits.ts'
import type { HostAccess } from '../shapes.ts'
import { list } from './collections.ts'
import { notFetched } from './not-fetched.ts'
import { integer, truth } from './scalars.ts'
import type { Schema } from './types.ts'

const ports = list(integer({ min: 1, max: 65535 }), { max: limits.ports, of: 'ports' })
const all = truth()

/** `host_access`: `true` for all ports, or a list of them. */
export const hostAccess: Schema<HostAccess> = notFetched(
  'host_access',
  {
    label: 'true or false, or list of ports',
    check: (node, context, owner) => {
      if (node.kind !== 'scalar' || typeof node.value === 'number' || node.value === null)
        return ports.check(node, context, owner)?.map(({ value }) => value)
      const isOpen = all.check(node, context, owner)
      return isOpen === undefined ? undefined : isOpen ? 'all' : []
    },
    json: (definitions) => ({ anyOf: [all.json(definitions), ports.json(definitions)] }),
  },
  'which opens this computer to the guest',
)
