import { rm, stat } from 'node:fs/promises'
import { parseBoxSource, type StoredBox, sourceWithChecksum } from '../../box/index.ts'
import { isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import type { Machine } from '../../manifest/index.ts'
import {
  ensureRuntimeDir,
  type MachinePaths,
  type MachineState,
  machineId,
  runtimeDir,
  writeState,
} from '../../project/index.ts'
import { consoleLogLimit, type MachineSpec, type Provider, sshForward } from '../../provider/index.ts'
import { holdBox } from '../box/hold-box.ts'
import { type PlannedSeed, planSeed, writeSeed } from '../cloud-init/seed.ts'
import { beforeStart } from '../companions/all.ts'
import { hostNameOf } from '../facts/host-name.ts'
import { needsOf } from '../facts/needs.ts'
import { inStep } from '../in-step.ts'
import { attachmentsOf, isIsolated } from '../network/config.ts'
import { portHolder } from '../ports/holder.ts'
import { choosePorts } from '../ports/host-ports.ts'
import type { Declared, Places, Project, Providing, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { overheadOf } from '../schedule/host-budget.ts'
import type { MemoryBudget } from '../schedule/memory-budget.ts'
import { checkDemands } from './demands.ts'
import { noteProject } from './note-project.ts'
import { machineSpec } from './spec.ts'

export interface StartInputs {
  projectId: string
  config: Machine
  provider: Provider
  memory: MemoryBudget
  /** What is known from earlier; null for a machine that does not exist yet. */
  previous: MachineState | null
  /** Whether it is made: what there is of it was left by a creation that was cut short. */
  isNew: boolean
}

/** How often a start is tried again when another program took a port between its choice and the start. */
const portTries = 4

/**
 * Makes a stopped or absent machine's disks and starts it with the manifest's settings. What is
 * about to be done is recorded before it is done, so that the next command finds a machine whose
 * `up` was killed. Returns the state as written.
 */
export async function startMachine(project: Project, inputs: StartInputs): Promise<MachineState> {
  const { config } = inputs
  const paths = project.paths.machine(config.name)
  const box = await holdBox(project, inputs)
  const seed = await planSeed(config, { box, paths, previous: inputs.previous })
  for (let attempt = 1; ; attempt++) {
    const state = await planStart(project, inputs, { box, seed, paths })
    await ensureRuntimeDir(project.user.runtime, state.spec.id)
    await writeState(paths, state)
    await noteProject(project, inputs.projectId)
    await beforeStart(project, { config, projectId: inputs.projectId })
    try {
      return await carryOut(project, inputs, { paths, seed, planned: state })
    } catch (error) {
      const mayRetry = isPosadaError(error, 'E_PORT_IN_USE') && attempt < portTries
      if (!mayRetry) throw error
    }
  }
}

/** What is to be recorded. What cannot be is refused here, before anything is made. */
async function planStart(
  project: Declared & Places & Providing & Reporting,
  { projectId, config, provider, memory, previous }: StartInputs,
  { box, seed, paths }: { box: StoredBox; seed: PlannedSeed | null; paths: MachinePaths },
): Promise<MachineState> {
  const id = machineId(projectId, config.name)
  const others = project.manifest.machines.filter(({ name }) => name !== config.name)
  const hasNetwork = provider.capabilities().network !== false
  const { forwards, ports } = await choosePorts(
    hasNetwork ? config : { ...config, ports: [] },
    {
      ssh: previous === null ? undefined : sshForward(previous.spec)?.hostPort,
      ports: previous?.ports ?? [],
    },
    {
      others: others.flatMap((machine) => machine.ports.filter(({ auto }) => !auto)),
      holderOf: (port) => portHolder(project, port),
    },
  )
  const folder = runtimeDir(project.user.runtime, id)
  const networks = attachmentsOf(config.networks, folder)
  const isolated = isIsolated(project.manifest, config)
  const spec = machineSpec({
    ...{ id, config, box, paths, runtimeDir: folder, networks, isolated },
    hostName: hostNameOf(config, project.manifest.name),
    forwards: hasNetwork ? forwards : null,
    grown: previous?.createdAt === undefined ? 0 : (previous.spec.disks[0]?.size ?? 0),
    provider: provider.name,
  })
  checkDemands(provider, config, needsOf(config, box.manifest, isolated))
  await memory.admit(config, await overheadOf(provider, spec))
  if (!hasNetwork) tellNoNetwork(project, config.name, provider.name)
  else if (config.hostAccess !== 'all' && provider.capabilities().hostAccess !== true)
    tellOpenHost(project, config.name, provider.name)
  for (const port of ports) {
    if (port.movedFrom === undefined) continue
    const message = `port ${port.movedFrom} is in use; ${port.hostPort} leads to ${port.guestPort} instead`
    project.emit({ type: 'notice', level: 'info', machine: config.name, message })
  }
  const { name, version } = box.manifest
  return {
    version: 1,
    provider: provider.name,
    box: {
      name,
      version,
      digest: box.digest,
      source: previous?.box.source ?? sourceWithChecksum(parseBoxSource(config.box, '/')),
    },
    spec,
    ports,
    ...(networks.length === 0 ? {} : { networks }),
    // A seed brings the machine's own key with it.
    login: previous?.login ?? { user: seed?.user ?? box.manifest.login.user, ownKey: seed !== null },
    ...(seed === null ? {} : { cloudInit: { userData: seed.digest } }),
    provision: previous?.provision ?? {},
    ...historyOf(previous),
  }
}

function tellNoNetwork(project: Reporting, machine: string, provider: string): void {
  const message = `${provider} has no network on this host: the guest reaches nothing outside, and SSH goes over vsock`
  const hint = 'posada doctor says what is missing'
  project.emit({ type: 'notice', level: 'warn', machine, message, hint })
}

function tellOpenHost(project: Reporting, machine: string, provider: string): void {
  const message = `${provider} does not keep the guest from ports of this computer's loopback`
  const hint = 'host_access: true says that it may reach them'
  project.emit({ type: 'notice', level: 'warn', machine, message, hint })
}

/** What was stays true until the machine is started again: a start that fails before changes nothing. */
function historyOf(
  previous: MachineState | null,
): Pick<MachineState, 'cloudInit' | 'createdAt' | 'start' | 'stop'> {
  if (previous === null) return {}
  const { cloudInit, createdAt, start, stop } = previous
  return {
    ...(cloudInit === undefined || createdAt === undefined ? {} : { cloudInit }),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(start === undefined ? {} : { start }),
    ...(stop === undefined ? {} : { stop }),
  }
}

async function carryOut(
  project: Declared & Reporting,
  { config, provider, isNew }: StartInputs,
  { paths, seed, planned }: { paths: MachinePaths; seed: PlannedSeed | null; planned: MachineState },
): Promise<MachineState> {
  const { spec, box } = planned
  if (isNew) await removeLeftovers(provider, spec, paths)
  if (seed !== null)
    await writeSeed(seed, { spec, paths, hostName: hostNameOf(config, project.manifest.name) })
  const step = { machine: spec.name, step: 'disk', message: `disk over ${box.name} ${box.version}` }
  await inStep(project.emit, step, () => provider.create(spec))
  const consoleFrom = await nextConsoleOffset(paths.consoleLog)
  const at = new Date().toISOString()
  const state = await record(paths, (now) => ({
    ...now,
    createdAt: now.createdAt ?? at,
    start: { at, consoleFrom },
  }))
  project.signal.throwIfAborted()
  const starting = { machine: spec.name, step: 'start', message: `starting with ${provider.name}` }
  await inStep(project.emit, starting, () => provider.start(spec, { signal: project.signal }))
  return state
}

/**
 * What is there before a creation has completed was left by an `up` or a `destroy` that was cut
 * short: half a disk, and the keys of another guest, which the new one would not answer to. Where a
 * state was deleted by hand its machine may still run, on the disk that goes.
 */
async function removeLeftovers(provider: Provider, spec: MachineSpec, paths: MachinePaths): Promise<void> {
  await provider.stop(spec, { graceful: false, timeout: 0 })
  for (const path of [paths.data, paths.knownHosts, paths.key, paths.publicKey, paths.seed]) {
    await rm(path, { recursive: true, force: true })
  }
}

/** Where the console's log will go on. A start keeps a large one under another name and begins a new one. */
async function nextConsoleOffset(path: string): Promise<number> {
  try {
    const { size } = await stat(path)
    return size > consoleLogLimit ? 0 : size
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}
