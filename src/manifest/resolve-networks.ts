import type { Conditions } from '../lib/values/link-conditions.ts'
import { placeMembers, placeNetworks, type WrittenMember } from './addressing.ts'
import type { Checked, CheckedNetworks } from './checked.ts'
import type { Attachment, Network } from './model.ts'
import { placeOf } from './source/source.ts'

/** The project's networks, and the machines' places on them, all addresses settled. */
export function resolveNetworks(
  project: string,
  { networks: written, machines }: Checked,
): { networks: Network[]; attachments: Map<string, Attachment[]> } {
  const plain = [...written].map(([name, located]) => resolveNetwork(name, located))
  const networks = placeNetworks(project, plain)
  const placed = new Map(
    networks.map((network) => {
      const members = machines.flatMap((machine): WrittenMember[] =>
        (machine.values.networks ?? []).flatMap(({ value }) =>
          value.name === network.name
            ? [{ machine: machine.name, address: value.address ?? null, mac: value.mac ?? null }]
            : [],
        ),
      )
      return [network.name, placeMembers(project, network, members)]
    }),
  )
  const attachments = machines.map((machine): [string, Attachment[]] => [
    machine.name,
    (machine.values.networks ?? []).flatMap(({ value }) => placed.get(value.name)?.get(machine.name) ?? []),
  ])
  return { networks, attachments: new Map(attachments) }
}

type Located = CheckedNetworks extends ReadonlyMap<string, infer L> ? L : never

function resolveNetwork(name: string, { value, node, owner }: Located) {
  const written = node.kind === 'map' ? node.entries.get('subnet')?.value.span : undefined
  return {
    name,
    subnet: value.subnet ?? null,
    ipv6: value.ipv6 ?? null,
    isolated: value.isolated === true,
    guard: value.guard !== false,
    seed: value.seed ?? 0,
    conditions: conditions(value.conditions ?? {}),
    links: (value.links ?? []).map(({ value: { between, cut, ...rest } }) => {
      const [a = '', b = ''] = (between ?? []).map((each) => each.value)
      const pair: [string, string] = [a, b]
      return { between: pair, conditions: { ...conditions(rest), ...(cut === true ? { cut } : {}) } }
    }),
    place: placeOf(written ?? owner),
  }
}

type Written = { [K in keyof Omit<Conditions, 'cut'>]: number | undefined }

function conditions(written: Written): Conditions {
  return Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined))
}
