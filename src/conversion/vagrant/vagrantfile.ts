import { PosadaError } from '../../errors/index.ts'
import { overlap, parseSubnet } from '../../lib/net/ip.ts'
import { limits, validName } from '../../manifest/index.ts'
import { type Draft, emptyDraft, emptyMachine, type LeftOut, machineLimit } from '../draft.ts'
import { type ForeignFile, inFolder } from '../foreign-file.ts'
import type { Given } from '../given.ts'
import { boxOf } from './box.ts'
import { machinePart } from './machine-part.ts'
import { takeProviders } from './provider.ts'
import { parseRuby } from './ruby/statements.ts'
import type { Statement } from './ruby/syntax.ts'
import { NotUnderstood } from './ruby/token.ts'
import { follow } from './run.ts'
import { emptySettings, type Settings, type Surroundings } from './settings.ts'

/** What is left out of a file at most; the rest is not told one by one. */
const leftOutLimit = 2000

/**
 * A Vagrantfile, as far as it says things without being run: it is parsed as the part of Ruby that settings are written
 * in, with constants, loops over what is written out, and `ENV`. Source: developer.hashicorp.com, "Vagrantfile".
 */
export function readVagrantfile(file: ForeignFile): Draft {
  const draft = emptyDraft()
  const all = emptySettings(null)
  draft.defaults = all.machine
  const machines = new Map<string, Settings>()
  const around = surroundings(file, draft, machines)
  const config = machinePart(all, around)
  const configured = follow(statementsOf(file), {
    config,
    skip: (line, why) => around.leave(draft.leftOut, line, why),
  })
  if (!configured)
    throw new PosadaError('E_CONVERSION', `${file.name} configures no machine`, {
      value: file.name,
      hint: 'a Vagrantfile has the line: Vagrant.configure("2") do |config|',
    })
  finish(all, all, around)
  for (const settings of machines.values()) finish(settings, all, around)
  for (const [name, { machine }] of machines) draft.machines.set(name, machine)
  if (machines.size === 0) draft.machines.set(null, emptyMachine())
  takeHostnames(draft, around)
  return draft
}

function statementsOf({ name, text }: ForeignFile): Statement[] {
  try {
    return parseRuby(text)
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error
    throw new PosadaError(
      'E_CONVERSION',
      `${name} cannot be understood: line ${error.line} has ${error.message}`,
      {
        value: name,
        hint: 'the file is read, not run: write that line in a plainer way',
        cause: error,
      },
    )
  }
}

function surroundings(
  { text, folder }: ForeignFile,
  draft: Draft,
  machines: Map<string, Settings>,
): Surroundings {
  const lines = text.split('\n')
  let count = 0
  const leave = (leftOut: LeftOut[], line: number, reason: string) => {
    count += 1
    if (count <= leftOutLimit) leftOut.push({ what: (lines[line - 1] ?? '').trim(), line, reason })
  }
  return {
    leave,
    hostnames: new Map(),
    path: (written) => pathIn(folder, written),
    define: (written, line) => {
      const name = validName(written)
      if (name === undefined) return undefined
      const known = machines.get(name)
      if (known !== undefined || machines.size >= machineLimit) return known
      const made = emptySettings(name)
      machines.set(name, made)
      if (name !== written) leave(made.machine.leftOut, line, `it is called ${name}`)
      return made
    },
    network: (wanted) => networkFor(wanted, draft),
  }
}

/** Of the network that has these addresses, or else the name. */
function networkFor(
  { subnet, name }: { subnet?: string; name?: string },
  { networks }: Draft,
): string | undefined {
  const wanted = (name === undefined ? undefined : validName(name)) ?? 'private'
  const base = subnet === undefined ? null : parseSubnet(subnet)
  for (const [known, { subnet: its }] of networks) {
    const other = its === undefined ? null : parseSubnet(its)
    if (base !== null && other !== null && overlap(base, other)) return known
  }
  if (subnet === undefined && networks.has(wanted)) return wanted
  if (networks.size >= limits.networks) return undefined
  const free = [
    wanted,
    ...Array.from({ length: limits.networks }, (_, index) => `${wanted.slice(0, 60)}-${index + 2}`),
  ]
  const made = free.find((one) => !networks.has(one)) ?? wanted
  networks.set(made, subnet === undefined ? {} : { subnet })
  return made
}

function pathIn(folder: string, [first, ...rest]: Given): Given {
  if (typeof first !== 'string') return first === undefined ? ['./'] : [first, ...rest]
  if (first.startsWith('~/')) return [{ variable: 'HOME', or: null }, first.slice(1), ...rest]
  return [inFolder(folder, first), ...rest]
}

/** What providers and boxes come to, of what a machine and all machines say together. */
function finish(settings: Settings, all: Settings, around: Surroundings): void {
  takeProviders(settings, around)
  if (Object.keys(settings.box).length === 0) return
  const { box, lost } = boxOf({ ...all.box, ...settings.box })
  if (box !== undefined) settings.machine.box = box
  if (lost !== undefined) around.leave(settings.machine.leftOut, settings.box.line ?? 1, lost)
}

/** A single machine is called like its project, others as they are. */
function takeHostnames(draft: Draft, { hostnames, leave }: Surroundings): void {
  for (const [of, { name, line }] of hostnames) {
    const isSingle = of === null && draft.machines.has(null)
    const project = validName(name.split('.')[0] ?? '')
    if (isSingle && project !== undefined) draft.name = project
    else if (of === null || project !== of)
      leave(
        (of === null ? draft.defaults : draft.machines.get(of))?.leftOut ?? draft.leftOut,
        line,
        'a machine is called by its name',
      )
  }
}
