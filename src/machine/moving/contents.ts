import { relative } from 'node:path'
import { boxFiles, type StoredBox } from '../../box/index.ts'
import { exists, namesIn } from '../../lib/files/folders.ts'
import { type MachinePaths, type MachineState, readKeptDisks } from '../../project/index.ts'
import { layersUnder } from '../layers/chain.ts'
import { qcow2Facts } from '../layers/qcow2-base.ts'
import { memoryFile } from '../memory/check.ts'
import type { Places } from '../project.ts'
import type { ExportedMachine } from './header.ts'

/** A file of this host, and what it is called in the archive. */
export interface SourceFile {
  path: string
  member: string
}

/** The files of a machine that is shut down: disks with the layers that they lie on, keys, its cloud-init's seed. */
export async function machineFiles({ paths }: Places, state: MachineState): Promise<SourceFile[]> {
  const own = paths.machine(state.spec.name)
  const files = [own.key, own.knownHosts, own.seed]
  const firmware = (await namesIn(own.data)).filter((name) => name.endsWith('.fd'))
  files.push(...firmware.map((name) => `${own.data}/${name}`))
  for (const name of await diskNames(own, state)) {
    const layers = await layersUnder(own, name, own.disk(name))
    files.push(own.disk(name), ...layers.map((id) => own.snapshot(id).disk(name)))
  }
  const there = await Promise.all(files.map(exists))
  return files
    .filter((_, index) => there[index])
    .map((path) => ({ path, member: `machines/${state.spec.name}/${relative(own.dir, path)}` }))
}

async function diskNames(paths: MachinePaths, { spec }: MachineState): Promise<string[]> {
  return [...new Set([...spec.disks.map(({ name }) => name), ...(await readKeptDisks(paths))])]
}

/** The files of a box or a layer, as its store has them. */
export function storedFiles(kind: 'boxes' | 'layers', { dir, digest, manifest }: StoredBox): SourceFile[] {
  const names = ['box.json', ...boxFiles(manifest).map(({ file }) => file)]
  return names.map((name) => ({ path: `${dir}/${name}`, member: `${kind}/${digest}/${name}` }))
}

/** Where a suspended machine has its memory. */
export function memorySource(paths: MachinePaths, { spec, suspended }: MachineState): SourceFile[] {
  const member = `machines/${spec.name}/memory`
  return suspended === undefined ? [] : [{ path: memoryFile(paths, suspended), member }]
}

function exportedMemory({ spec, suspended }: MachineState): Pick<ExportedMachine, 'memory'> {
  if (suspended === undefined) return {}
  const { version, at, size, sha256, layout, hardware, facts } = suspended
  return {
    memory: {
      ...{ version, at, size, sha256, layout, hardware, facts: new Map(Object.entries(facts)) },
      ...(spec.boot.kind === 'kernel' ? { cmdline: spec.boot.cmdline } : {}),
    },
  }
}

/** What is said of a machine in the archive. */
export async function exportedMachine(paths: MachinePaths, state: MachineState): Promise<ExportedMachine> {
  const { spec, provider, box, layer, guest = 'linux', login, createdAt = '', cloudInit } = state
  const sizes = spec.disks.map(async ({ name, path }) => {
    const facts = await qcow2Facts(path)
    return [name, typeof facts === 'string' ? 0 : facts.size] as const
  })
  const kept = [...(state.keptDisks ?? []), ...(await readKeptDisks(paths))]
  return {
    ...{ name: spec.name, provider, box, layer, guest, user: login.user, createdAt },
    disks: new Map(await Promise.all(sizes)),
    keptDisks: [...new Set(kept)],
    diskUses: new Map(Object.entries(state.diskUses ?? {})),
    provision: new Map(Object.entries(state.provision)),
    ...(cloudInit === undefined ? {} : { cloudInit }),
    ...exportedMemory(state),
  }
}
