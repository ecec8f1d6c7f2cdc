import { parseSubnet } from '../../lib/net/ip.ts'
import { type Entry, limits, type Node, readForeignYaml, validName } from '../../manifest/index.ts'
import { type Draft, emptyDraft, machineLimit } from '../draft.ts'
import type { ForeignFile } from '../foreign-file.ts'
import { takeName } from '../handlers.ts'
import { entriesOf, itemsOf, lineOf, readKeys, textOf, under } from '../nodes.ts'
import { readService } from './service.ts'

const reasons = {
  volumes: 'what is written lies on the disk of the machine',
  configs: 'use a step with file:',
  secrets: 'use a step with file:, or sensitive: of a step',
  include: 'only what is in this file is carried over',
}

/** The network of services that name none. */
const common = 'default'

/** A machine for each service. Source: docs.docker.com, "Compose file reference". */
export function readCompose({ name, text, folder }: ForeignFile): Draft {
  const root = readForeignYaml(name, text)
  const draft = emptyDraft()
  const services = entriesOf(under(root, 'services'))
  const isOwn = ({ key }: Entry) => !key.startsWith('x-')
  const handlers = {
    version: () => undefined,
    services: () => undefined,
    networks: () => undefined,
    name: takeName(draft),
  }
  readKeys(withoutExtensions(root), { path: '', handlers, reasons, leftOut: draft.leftOut })
  const networkNames = readNetworks(under(root, 'networks'), draft)
  const machineNames = unique(services.filter(isOwn), machineLimit, (entry, reason) =>
    draft.leftOut.push({ what: `services.${entry.key}`, line: lineOf(entry.keySpan), reason }),
  )
  const names = {
    folder,
    machine: (service: string) => machineNames.get(service),
    network: (network: string) => {
      const known = networkNames.get(network) ?? (network === common ? common : undefined)
      return known === undefined
        ? undefined
        : { name: known, hasSubnet: draft.networks.get(known)?.subnet !== undefined }
    },
  }
  for (const { key, value } of services) {
    const machine = machineNames.get(key)
    if (machine === undefined) continue
    const made = readService(key, value, names)
    if (made.networks.length === 0 && services.length > 1 && under(value, 'network_mode') === undefined)
      made.networks.push({ name: networkNames.get(common) ?? common, line: 1 })
    for (const network of made.networks)
      if (!draft.networks.has(network.name)) draft.networks.set(network.name, {})
    draft.machines.set(machine, made)
  }
  return draft
}

function withoutExtensions(root: Node | undefined): Node | undefined {
  if (root?.kind !== 'map') return undefined
  return { ...root, entries: new Map([...root.entries].filter(([key]) => !key.startsWith('x-'))) }
}

/** Networks by what they are called in the file; what they say beside a subnet is left out. */
function readNetworks(node: Node | undefined, draft: Draft): Map<string, string> {
  const leave = ({ key, keySpan }: Entry, reason: string) =>
    draft.leftOut.push({ what: `networks.${key}`, line: lineOf(keySpan), reason })
  const entries = entriesOf(node)
  const names = unique(entries, limits.networks - 1, leave)
  for (const entry of entries) {
    const name = names.get(entry.key)
    if (name === undefined) continue
    const [first] = itemsOf(under(under(entry.value, 'ipam'), 'config'))
    const written = textOf(under(first, 'subnet'))
    const subnet = written === undefined ? null : parseSubnet(written)
    const isKept = written !== undefined && subnet !== null && subnet.prefix >= 8 && subnet.prefix <= 29
    draft.networks.set(name, isKept ? { subnet: written } : {})
    if (written !== undefined && !isKept) leave(entry, `its subnet ${written} is not valid for a network`)
    const others = entriesOf(entry.value).filter(({ key }) => key !== 'ipam')
    if (others.length > 0)
      leave(entry, `networks of a manifest have no ${others.map(({ key }) => key).join(' or ')}`)
  }
  return names
}

/** Names that a manifest can have, of those of the file; one that is left out is told. */
function unique(
  entries: readonly Entry[],
  max: number,
  leave: (entry: Entry, reason: string) => void,
): Map<string, string> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const entry of entries) {
    const name = validName(entry.key)
    if (name === undefined || taken.has(name)) leave(entry, 'its name is not valid in a manifest')
    else if (names.size >= max) leave(entry, `a manifest has at most ${max}`)
    else {
      names.set(entry.key, name)
      taken.add(name)
      if (name !== entry.key) leave(entry, `it is called ${name}`)
    }
  }
  return names
}
