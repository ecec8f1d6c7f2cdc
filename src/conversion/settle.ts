import { contains, parseIpv4, parseSubnet, sizeOf } from '../lib/net/ip.ts'
import { limits } from '../manifest/index.ts'
import { type Draft, type DraftMachine, emptyMachine, fallbackBox, type LeftOut } from './draft.ts'
import { overlap } from './folders.ts'
import { isVariableName } from './units.ts'

/**
 * Makes of a draft what a manifest may be: bounded, with a box for each machine, no port of the host and no name of a
 * step given twice; what the defaults say in lists is written out where a machine has a list of its own.
 */
export function settle(draft: Draft): void {
  const several = draft.machines.size > 1 || !draft.machines.has(null)
  for (const machine of draft.machines.values()) inherit(machine, draft.defaults, several)
  draft.defaults.ports = []
  draft.defaults.networks = []
  if (!several) draft.defaults = { ...emptyMachine(), leftOut: draft.defaults.leftOut }
  checkAddresses(draft)
  const taken = new Set<string>()
  for (const machine of draft.machines.values()) {
    if (draft.defaults.box === undefined && machine.box === undefined) {
      machine.box = fallbackBox
      const reason = `the file names no box that can be used; it is ${fallbackBox}`
      machine.leftOut.push({ what: 'the box', line: 1, reason })
    }
    for (const port of machine.ports) {
      const keys = keysOf(port)
      if (keys.some((key) => taken.has(key))) port.auto = true
      for (const key of keys) taken.add(key)
    }
  }
  for (const machine of [draft.defaults, ...draft.machines.values()]) {
    nameSteps(machine)
    bound(machine)
    machine.leftOut = distinct(machine.leftOut)
  }
  draft.leftOut = distinct(draft.leftOut)
}

/** A list takes the place of the defaults' list as a whole, so what a machine adds to comes with it. */
function inherit(machine: DraftMachine, defaults: DraftMachine, several: boolean): void {
  machine.ports = [...defaults.ports.map((port) => ({ ...port })), ...machine.ports]
  const own = new Set(machine.networks.map(({ name }) => name))
  const shared = defaults.networks.filter(({ name }) => !own.has(name))
  machine.networks = [...shared.map((network) => ({ ...network })), ...machine.networks]
  if (!several || machine.sync.length > 0) {
    const kept = defaults.sync.filter(({ to }) => !machine.sync.some((own) => overlap(own, to)))
    machine.sync = [...kept, ...machine.sync]
  }
  if (!several || machine.provision.length > 0)
    machine.provision = [...defaults.provision.map((step) => ({ ...step })), ...machine.provision]
  if (!several || machine.disks.length > 0) machine.disks = [...defaults.disks, ...machine.disks]
  if (several) return
  const {
    leftOut: _said,
    provision: _steps,
    ports: _ports,
    disks: _disks,
    networks: _networks,
    sync: _sync,
    ...rest
  } = defaults
  const { env, ...mine } = machine
  Object.assign(machine, { ...rest, ...mine, env: { ...defaults.env, ...env } })
}

/** An address counts once in a network, and where the network has it for machines. */
function checkAddresses({ networks, machines }: Draft): void {
  const taken = new Set<string>()
  for (const machine of machines.values())
    for (const attachment of machine.networks) {
      const { name, address, line } = attachment
      if (address === undefined) continue
      const subnet = parseSubnet(networks.get(name)?.subnet ?? '')
      const number = parseIpv4(address)
      const isThere = subnet !== null && number !== null && contains(subnet, number)
      const place = isThere ? number - subnet.base : 0
      if (isThere && place > 1 && place < sizeOf(subnet) - 1 && !taken.has(`${name} ${address}`))
        taken.add(`${name} ${address}`)
      else {
        delete attachment.address
        const reason = 'another machine has it, or the network keeps it for itself'
        machine.leftOut.push({ what: `the address ${address}`, line, reason })
      }
    }
}

/** Ports of the host, each with its protocol: an address more or less does not make two of them. */
function keysOf({ host, protocol }: DraftMachine['ports'][number]): string[] {
  const [first = Number.NaN, last = first] = host.split('-').map(Number)
  if (Number.isNaN(first) || Number.isNaN(last)) return [`${host}/${protocol ?? 'tcp'}`]
  return Array.from(
    { length: Math.min(200, last - first + 1) },
    (_, index) => `${first + index}/${protocol ?? 'tcp'}`,
  )
}

function nameSteps(machine: DraftMachine): void {
  const seen = new Set<string>()
  for (const step of machine.provision) {
    const name =
      step.name
        ?.replace(/[\p{C}]+/gu, ' ')
        .trim()
        .slice(0, limits.stepNameLength) ?? ''
    delete step.name
    if (name !== '' && !seen.has(name)) step.name = name
    seen.add(name)
  }
}

function bound(machine: DraftMachine): void {
  const { leftOut } = machine
  const cut = <T>(list: T[], max: number, what: string): T[] => {
    if (list.length > max)
      leftOut.push({ what: `${list.length - max} ${what}`, line: 1, reason: `a machine has at most ${max}` })
    return list.slice(0, max)
  }
  machine.provision = cut(machine.provision, limits.steps, 'steps')
  machine.ports = cut(machine.ports, limits.ports, 'ports')
  machine.sync = cut(machine.sync, limits.folders, 'folders')
  const named = Object.entries(machine.env).filter(([name]) => isVariableName(name))
  if (named.length < Object.keys(machine.env).length)
    leftOut.push({ what: 'variables', line: 1, reason: 'names of variables have only letters, digits and _' })
  machine.env = Object.fromEntries(cut(named, limits.variables, 'variables'))
}

function distinct(leftOut: readonly LeftOut[]): LeftOut[] {
  const seen = new Map(leftOut.map((one) => [`${one.line}\0${one.what}\0${one.reason}`, one]))
  return [...seen.values()].sort((a, b) => a.line - b.line)
}
