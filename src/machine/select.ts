import { PosadaError } from '../errors/index.ts'
import { nearest } from '../lib/text/suggest.ts'
import type { Machine, Manifest } from '../manifest/index.ts'
import { machinesOnDisk, type ProjectPaths } from '../project/index.ts'
import { hasWildcard, matchesWildcard } from './wildcard.ts'

/** A machine by name; `config` is null for one that was made and is no longer in the manifest. */
export interface Selected {
  name: string
  config: Machine | null
}

/**
 * The manifest's machines that are named, all where nothing is, in the manifest's order. A name is a
 * machine's, or that which replicas share, or a pattern such as `web-*`; E_MACHINE_UNKNOWN where one
 * means no machine.
 */
export function selectMachines(manifest: Manifest, names: readonly string[]): Machine[] {
  const all = manifest.machines.map((config) => ({ name: config.name, config }))
  return select(all, names).map(({ config }) => config)
}

/** `machines` and all that they depend on, directly or not, in the manifest's order. */
export function withDependencies(manifest: Manifest, machines: readonly Machine[]): Machine[] {
  const wanted = new Set<string>()
  const add = (machine: Machine) => {
    if (wanted.has(machine.name)) return
    wanted.add(machine.name)
    for (const other of manifest.machines) if (machine.dependsOn.includes(other.name)) add(other)
  }
  machines.forEach(add)
  return manifest.machines.filter((machine) => wanted.has(machine.name))
}

/** The one machine that is named; without a name the project's only one, else E_MACHINE_AMBIGUOUS. */
export function selectOne(manifest: Manifest, name: string | undefined): Machine {
  return theOnly(selectMachines(manifest, name === undefined ? [] : [name]), name)
}

/** The one that is there; E_MACHINE_AMBIGUOUS where there are several that `name` means, if it is given. */
export function theOnly<T extends { name: string }>(found: readonly T[], name?: string): T {
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const what = name === undefined ? 'the project has several machines' : `'${name}' names several machines`
  throw new PosadaError('E_MACHINE_AMBIGUOUS', `${what}; name one`, {
    hint: `one of: ${listed(found.map((machine) => machine.name))}`,
    ...(name === undefined ? {} : { value: name }),
  })
}

/** Like selectMachines, with the machines that exist on disk and left the manifest besides. */
export async function selectWithOrphans(
  manifest: Manifest,
  paths: ProjectPaths,
  names: readonly string[],
): Promise<Selected[]> {
  const all: Selected[] = manifest.machines.map((config) => ({ name: config.name, config }))
  for (const name of await orphansOf(manifest, paths)) all.push({ name, config: null })
  return select(all, names)
}

/** Names of the machines that exist on disk and left the manifest. */
export async function orphansOf({ machines }: Manifest, paths: ProjectPaths): Promise<string[]> {
  const inManifest = new Set(machines.map(({ name }) => name))
  return (await machinesOnDisk(paths)).filter((name) => !inManifest.has(name))
}

/** Those of some machines that are named, all where nothing is. E_MACHINE_UNKNOWN. */
export function select<T extends Selected>(all: readonly T[], names: readonly string[]): T[] {
  if (names.length === 0) return [...all]
  const meant = new Map(names.map((name) => [name, new Set(meaning(all, name))]))
  const unknown = names.filter((name) => meant.get(name)?.size === 0)
  if (unknown.length > 0) throw unknownMachine(unknown, all)
  return all.filter((machine) => [...meant.values()].some((found) => found.has(machine)))
}

/** A machine of this very name goes before replicas that share it. */
function meaning<T extends Selected>(all: readonly T[], name: string): T[] {
  if (hasWildcard(name)) return all.filter((machine) => matchesWildcard(machine.name, name))
  const own = all.filter((machine) => machine.name === name)
  return own.length > 0 ? own : all.filter(({ config }) => config?.group === name)
}

function unknownMachine(unknown: readonly string[], all: readonly Selected[]): PosadaError {
  const [first = ''] = unknown
  const names = all.map((machine) => machine.name)
  const groups = all.flatMap(({ config }) => config?.group ?? [])
  const near = hasWildcard(first) ? undefined : nearest(first, new Set([...names, ...groups]))
  const message = hasWildcard(first)
    ? `no machine of the project matches ${unknown.join(', ')}`
    : `the project has no machine named ${unknown.join(', ')}`
  return new PosadaError('E_MACHINE_UNKNOWN', message, {
    value: first,
    hint: near === undefined ? `it has: ${listed(names)}` : `did you mean ${near}?`,
  })
}

const mostListed = 20

/** Names with commas between them, not too many. */
function listed(names: readonly string[]): string {
  const more = names.length - mostListed
  return more > 0 ? `${names.slice(0, mostListed).join(', ')} and ${more} more` : names.join(', ')
}
