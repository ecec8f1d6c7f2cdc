import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StoredBox } from '../../box/index.ts'
import { fromSystemError, PosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { makeFolder } from '../../lib/files/make-folder.ts'
import type { Machine } from '../../manifest/index.ts'
import {
  adoptIdentity,
  ensureIdentity,
  type MachinePaths,
  type MachineState,
  machineId,
  readIdentity,
  readIndex,
  runtimeDir,
  writeState,
} from '../../project/index.ts'
import type { DiskSpec } from '../../provider/index.ts'
import { ensureKeyPair } from '../../ssh/index.ts'
import { hostNameOf } from '../facts/host-name.ts'
import { madeFrom } from '../facts/made-from.ts'
import { inStep } from '../in-step.ts'
import { withLayers } from '../layers/chain.ts'
import { marksOf } from '../layers/next-disks.ts'
import { withMachineLock } from '../machine-lock.ts'
import { attachmentsOf, isIsolated } from '../network/config.ts'
import type { Project } from '../project.ts'
import { noteProject } from '../up/note-project.ts'
import { checkImages } from './check-images.ts'
import type { ExportedMachine, ExportHeader } from './header.ts'
import { claimedBox, importedState } from './imported.ts'

/**
 * Makes machines of an archive's files, which lie unpacked in `folder` and were checked against its header. They are off.
 * One that the manifest does not have is left out, and told. E_DISK_INVALID, E_BOX_MISSING, E_IMPORT.
 *
 * @returns the names of the machines
 */
export async function importMachines(
  project: Project,
  header: ExportHeader,
  folder: string,
): Promise<string[]> {
  await takeIdentity(project, header)
  const { id: projectId } = await ensureIdentity(project.paths)
  await noteProject(project, projectId)
  const made: string[] = []
  for (const exported of header.machines) {
    const { name } = exported
    const config = project.manifest.machines.find((each) => each.name === name)
    if (config === undefined) {
      const message = `the manifest has no machine ${name}: it is not imported`
      project.emit({ type: 'notice', level: 'warn', message, machine: name })
      continue
    }
    await withMachineLock(project, name, () =>
      inStep(project.emit, { machine: name, step: 'import', message: 'importing' }, () =>
        importMachine(project, { exported, config, projectId, from: join(folder, 'machines', name) }),
      ),
    )
    made.push(name)
  }
  return made
}

/** A guest that goes on has seen hardware that is made from the project's id; two projects of a user never have one id. */
async function takeIdentity({ paths, user }: Project, { id, machines }: ExportHeader): Promise<void> {
  if (machines.every(({ memory }) => memory === undefined)) return
  if ((await readIdentity(paths)) !== null) return
  const isTaken = (await readIndex(user.projects)).some((one) => one.id === id)
  if (!isTaken) await adoptIdentity(paths, { version: 1, id, root: paths.root })
}

interface Inputs {
  exported: ExportedMachine
  config: Machine
  projectId: string
  /** Where its files lie. */
  from: string
}

/** It is a machine once its state is written. What an import left that was cut short goes first. */
async function importMachine(project: Project, { exported, config, projectId, from }: Inputs): Promise<void> {
  const { name } = config
  const paths = project.paths.machine(name)
  if (await exists(paths.state))
    throw new PosadaError('E_IMPORT', `there is a machine ${name} in this project already`, {
      value: name,
      machine: name,
      hint: `import into another folder, or posada destroy ${name} first`,
    })
  const box = await madeFrom(project, claimedBox(exported))
  const provider = await project.providers.get(exported.provider)
  const id = machineId(projectId, name)
  const folder = runtimeDir(project.user.runtime, id)
  await takeFiles(from, paths)
  const needed = [...exported.disks.keys()].map((disk) => paths.disk(disk))
  for (const path of [...needed, ...(exported.guest === 'other' ? [] : [paths.key])])
    if (!(await exists(path))) throw incomplete(name, path)
  await checkImages(paths, box)
  const bare = importedState({
    ...{ exported, id, config, box, paths, runtimeDir: folder },
    hostName: hostNameOf(config, project.manifest.name),
    networks: attachmentsOf(config.networks, folder),
    isolated: isIsolated(project.manifest, config),
    hasNetwork: provider.capabilities().network !== false,
  })
  const state = {
    ...bare,
    spec: { ...bare.spec, disks: await withLayers(paths, bare.spec.disks) },
    ...(await suspendedAs(exported, bare.spec.disks)),
  }
  await noteBox(project, { box, projectId, name, isLayer: exported.layer !== undefined })
  await ensureKeyPair(paths, `posada ${name}`)
  await writeState(paths, state)
  await provider.create(state.spec)
}

/** `up` compares what has to be the same before the memory is used. */
async function suspendedAs(
  { memory }: ExportedMachine,
  disks: readonly DiskSpec[],
): Promise<Pick<MachineState, 'suspended' | 'start'>> {
  if (memory === undefined) return {}
  const { version, at, size, sha256, layout, hardware, facts } = memory
  const marks = Object.entries(await marksOf(disks, 'now')).map(([name, mark]) => [name, [mark]])
  return {
    suspended: {
      ...{ version, at, size, sha256, hardware, facts: Object.fromEntries(facts) },
      ...(layout === undefined ? {} : { layout }),
      disks: Object.fromEntries(marks),
    },
    // It was open when it was saved.
    start: { at, readyAt: at, consoleFrom: 0 },
  }
}

function incomplete(machine: string, path: string): PosadaError {
  return new PosadaError('E_IMPORT', `the archive has no ${path} of machine ${machine}`, {
    value: path,
    machine,
    hint: 'export the project again',
  })
}

/** Files of a machine, moved: what is moved already stays. */
async function takeFiles(from: string, paths: MachinePaths): Promise<void> {
  const { data, snapshots, key, knownHosts, seed, memory } = paths
  try {
    for (const path of [data, snapshots, key, knownHosts, seed, memory]) {
      const source = join(from, path.slice(paths.dir.length + 1))
      if (!(await exists(source))) continue
      await rm(path, { recursive: true, force: true })
      await makeFolder(dirname(path), { mode: 0o700 })
      await rename(source, path)
    }
  } catch (error) {
    throw fromSystemError(error)
  }
}

async function noteBox(
  { boxes, layers, manifest, paths }: Project,
  { box, projectId, name, isLayer }: { box: StoredBox; projectId: string; name: string; isLayer: boolean },
): Promise<void> {
  const store = isLayer ? layers : boxes
  await store.noteUser(box.digest, {
    ...{ id: projectId, project: manifest.name, root: paths.root, machine: name },
  })
}
