import { PosadaError } from '../errors/index.ts'
import { nearest } from '../lib/suggest.ts'
import type { Machine, Manifest } from '../manifest/index.ts'
import { machinesOnDisk } from '../project/machine-state.ts'
import type { ProjectPaths } from '../project/paths.ts'

/** A machine by name; `config` is null for one that was made and is no longer in the manifest. */
export interface Selected {
  name: string
  config: Machine | null
}

/** The manifest's machines of these names, all where there are none, in the manifest's order. */
export function selectMachines(manifest: Manifest, names: readonly string[]): Machine[] {
  const known = manifest.machines.map((machine) => machine.name)
  refuseUnknown(names, known)
  if (names.length === 0) return manifest.machines
  return manifest.machines.filter((machine) => names.includes(machine.name))
}

/** The machine of this name; without a name the project's only one, else E_MACHINE_AMBIGUOUS. */
export function selectOne(manifest: Manifest, name: string | undefined): Machine {
  return theOnly(selectMachines(manifest, name === undefined ? [] : [name]))
}

/** The one that is there; E_MACHINE_AMBIGUOUS where there are several. */
export function theOnly<T extends { name: string }>(found: readonly T[]): T {
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw new PosadaError('E_MACHINE_AMBIGUOUS', 'the project has several machines; name one', {
    hint: `one of: ${found.map((machine) => machine.name).join(', ')}`,
  })
}

/** Like selectMachines, with the machines that exist on disk and left the manifest besides. */
export async function selectWithOrphans(
  manifest: Manifest,
  paths: ProjectPaths,
  names: readonly string[],
): Promise<Selected[]> {
  const all: Selected[] = manifest.machines.map((config) => ({ name: config.name, config }))
  const inManifest = new Set(all.map((machine) => machine.name))
  for (const name of await machinesOnDisk(paths)) if (!inManifest.has(name)) all.push({ name, config: null })
  refuseUnknown(
    names,
    all.map((machine) => machine.name),
  )
  return names.length === 0 ? all : all.filter((machine) => names.includes(machine.name))
}

function refuseUnknown(names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name))
  const [first] = unknown
  if (first === undefined) return
  const near = nearest(first, known)
  throw new PosadaError('E_MACHINE_UNKNOWN', `the project has no machine named ${unknown.join(', ')}`, {
    value: first,
    hint: near === undefined ? `it has: ${known.join(', ')}` : `did you mean ${near}?`,
  })
}
