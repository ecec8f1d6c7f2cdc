import { asObject } from '../../../src/lib/values/as-object.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { encodeState, type SavedFile, type Sections } from '../snapshot/format.ts'
import { unusable } from '../snapshot/unusable.ts'
import { guestCpuid, supportedCpuid } from '../vcpu/cpuid.ts'
import type { SavedMachine } from '../vm/machine.ts'

/** A guest that stands still, but its RAM. */
export interface SavedGuest {
  machine: SavedMachine
  /** In the order in which it has them. */
  devices: readonly Uint8Array[]
  serial: Uint8Array
}

/** What has to be the same where it goes on, by names for people. */
export type Facts = Readonly<Record<string, string>>

/** Of a machine on this host. */
export function factsOf({ cpus, memory, disks, media = [], nics }: MachineSpec, kvm: number): Facts {
  const leaves = guestCpuid(supportedCpuid(kvm), { id: 0, cpus, nested: false, tscDeadlineTimer: true })
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0')
  return {
    processors: String(cpus),
    memory: `${memory} bytes`,
    disks: [...disks, ...media].map(({ name }) => name).join(', '),
    NICs: nics.map(({ kind }) => kind).join(', '),
    ...Object.fromEntries(
      leaves.map(({ function: leaf, index, eax, ebx, ecx, edx }) => [
        `CPUID leaf 0x${leaf.toString(16)}.${index}`,
        [eax, ebx, ecx, edx].map(hex).join(' '),
      ]),
    ),
  }
}

/** The file but its RAM. */
export function encodeGuest({ machine, devices, serial }: SavedGuest, facts: Facts, ramSize: number): Buffer {
  const sections: Sections = new Map([
    ['facts', Buffer.from(JSON.stringify(facts))],
    ['vm', machine.vm],
    ['serial', serial],
    ...machine.vcpus.map((vcpu, index): [string, Uint8Array] => [`vcpu ${index}`, vcpu]),
    ...devices.map((device, index): [string, Uint8Array] => [`device ${index}`, device]),
  ])
  return encodeState(sections, ramSize)
}

/** Of a file whose facts are those of here. @throws PosadaError E_MEMORY_UNUSABLE with what differs */
export function decodeGuest({ sections }: SavedFile, facts: Facts): SavedGuest {
  const section = (name: string): Uint8Array => {
    const found = sections.get(name)
    if (found === undefined) throw unusable(`its state has no ${name}`)
    return found
  }
  const numbered = (kind: string) => {
    const names = [...sections.keys()].filter((name) => name.startsWith(`${kind} `))
    return names.map((_, index) => section(`${kind} ${index}`))
  }
  compare(parseFacts(section('facts')), facts)
  return {
    machine: { vm: section('vm'), vcpus: numbered('vcpu') },
    devices: numbered('device'),
    serial: section('serial'),
  }
}

function compare(then: Facts, here: Facts): void {
  for (const name of new Set([...Object.keys(then), ...Object.keys(here)])) {
    if (then[name] === here[name]) continue
    throw unusable(
      `it was saved with ${name} ${then[name] ?? 'none'}, and here it is ${here[name] ?? 'none'}`,
    )
  }
}

function parseFacts(bytes: Uint8Array): Facts {
  try {
    const found = Object.entries(asObject(JSON.parse(Buffer.from(bytes).toString('utf8'))))
    return Object.fromEntries(found.map(([name, value]) => [name, String(value)]))
  } catch {
    throw unusable('its facts are damaged')
  }
}
