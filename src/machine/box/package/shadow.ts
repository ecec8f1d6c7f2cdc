import { constants, copyFile, mkdir, rm } from 'node:fs/promises'
import { exists } from '../../../lib/files/folders.ts'
import type { Machine } from '../../../manifest/index.ts'
import {
  ensureRuntimeDir,
  identityOf,
  type MachinePaths,
  type MachineState,
  machineId,
  machinePaths,
  readState,
  removeRuntimeDir,
  unlessDamaged,
  writeState,
} from '../../../project/index.ts'
import type { MachineSpec, NicSpec, PortForward, Provider } from '../../../provider/index.ts'
import { isBoxDisk } from '../../facts/disk-names.ts'
import { choosePorts } from '../../ports/host-ports.ts'
import type { Places, Providing } from '../../project.ts'

/** A machine of its own that has copies of another's disks, so that nothing done to it reaches the other. */
export interface Shadow {
  provider: Provider
  state: MachineState
  /** The folder is its own; the keys are the machine's, for that is what its disks know. */
  paths: MachinePaths
}

/** Copies a stopped machine's disks and makes a machine of them that is not started yet. */
export async function makeShadow(
  project: Places,
  { config, provider, state }: { config: Machine; provider: Provider; state: MachineState },
): Promise<Shadow> {
  const original = project.paths.machine(config.name)
  const paths: MachinePaths = { ...machinePaths(original.packaging, project.user), ...keysOf(original) }
  const spec = await shadowSpec(project, { config, spec: state.spec, paths })
  const shadow: Shadow = { provider, paths, state: { ...state, spec, ports: [] } }
  await mkdir(paths.data, { recursive: true })
  // Recorded first, so that the next command finds it after a kill.
  await writeState(paths, shadow.state)
  for (const disk of spec.disks) {
    const from = state.spec.disks.find(({ name }) => name === disk.name)?.path
    if (from !== undefined) await copyFile(from, disk.path, constants.COPYFILE_FICLONE)
  }
  await provider.create(spec)
  return shadow
}

/** Ends and takes away what a packaging left, by its record alone. */
export async function discardShadow(project: Places & Providing, machine: string): Promise<void> {
  const { packaging } = project.paths.machine(machine)
  if (!(await exists(packaging))) return
  // What cannot be understood must not keep the machine from being used.
  const state = await unlessDamaged(readState(machinePaths(packaging, project.user)))
  if (state !== null) {
    const provider = await project.providers.get(state.provider)
    await provider.stop(state.spec, { graceful: false, timeout: 0 })
    await provider.destroy(state.spec)
    await removeRuntimeDir(state.spec.files.runtimeDir)
  }
  await rm(packaging, { recursive: true, force: true })
}

/** The NIC keeps its address, which the guest's network may be bound to; forwards and further NICs are left out. */
async function shadowSpec(
  project: Places,
  { config, spec, paths }: { config: Machine; spec: MachineSpec; paths: MachinePaths },
): Promise<MachineSpec> {
  const id = machineId(spec.id, 'packaging')
  const { forwards } = await choosePorts({ ...config, ports: [] })
  // Nor has it folders of the host.
  const { shares: _, ...rest } = spec
  return {
    ...rest,
    id,
    uuid: identityOf(id).uuid,
    // What a box is made of came with a box.
    disks: spec.disks.filter(isBoxDisk).map((disk) => ({ ...disk, path: paths.disk(disk.name) })),
    nics: shadowNics(spec.nics, forwards),
    files: {
      dataDir: paths.data,
      runtimeDir: await ensureRuntimeDir(project.user.runtime, id),
      consoleLog: paths.consoleLog,
      providerLog: paths.providerLog,
    },
  }
}

/** The way outside, where the machine has one, and none to its networks: there it would be taken for the machine. Pure. */
export function shadowNics(nics: readonly NicSpec[], forwards: PortForward[]): NicSpec[] {
  return nics.flatMap((nic) => (nic.kind === 'user' ? [{ ...nic, forwards }] : []))
}

function keysOf({ key, publicKey, knownHosts, seed }: MachinePaths) {
  return { key, publicKey, knownHosts, seed }
}
