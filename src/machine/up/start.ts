import { rm, stat } from 'node:fs/promises'
import { isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { ensureRuntimeDir, type MachinePaths, type MachineState, writeState } from '../../project/index.ts'
import { consoleLogLimit, type MachineSpec, type Provider } from '../../provider/index.ts'
import { holdBox } from '../box/hold-box.ts'
import { type PlannedSeed, planSeed, writeSeed } from '../cloud-init/seed.ts'
import { beforeStart } from '../companions/all.ts'
import { keptFiles, removeBut } from '../disks/kept.ts'
import { hasLogin } from '../facts/guest-kind.ts'
import { hostNameOf } from '../facts/host-name.ts'
import { inStep } from '../in-step.ts'
import { settleDisks } from '../layers/settle.ts'
import type { Declared, Project, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { chooseImage } from '../warm/choose-image.ts'
import type { FoundImage } from '../warm/find-image.ts'
import { startWarm } from '../warm/start-warm.ts'
import { noteProject } from './note-project.ts'
import { planStart, type StartInputs } from './plan-start.ts'

/** How often a start is tried again when another program took a port between its choice and the start. */
const portTries = 4

/**
 * Makes a stopped or absent machine's disks and starts it with the manifest's settings. What is
 * about to be done is recorded before it is done, so that the next command finds a machine whose
 * `up` was killed. Returns the state as written.
 */
export async function startMachine(project: Project, given: StartInputs): Promise<MachineState> {
  const { config } = given
  const paths = project.paths.machine(config.name)
  const previous = given.previous === null ? null : await settleDisks(paths, given.previous)
  const inputs = { ...given, previous }
  const box = given.layer?.box ?? given.box ?? (await holdBox(project, inputs))
  const seed = await planSeed(config, { box, paths, previous: inputs.previous })
  for (let attempt = 1; ; attempt++) {
    const state = await planStart(project, inputs, { box, seed, paths })
    const isWarm = attempt === 1 && inputs.isNew && inputs.cold !== true
    const image = isWarm ? await chooseImage(project, { ...inputs, box, planned: state }) : null
    await ensureRuntimeDir(project.user.runtime, state.spec.id)
    await writeState(paths, state)
    await noteProject(project, inputs.projectId)
    await beforeStart(project, { config, projectId: inputs.projectId })
    const planned = { paths, seed, planned: state }
    try {
      const warm = image === null ? null : await carryOutWarm(project, inputs, { ...planned, image })
      return warm ?? (await carryOut(project, inputs, planned))
    } catch (error) {
      const mayRetry = isPosadaError(error, 'E_PORT_IN_USE') && attempt < portTries
      if (!mayRetry) throw error
    }
  }
}

async function carryOut(
  project: Declared & Reporting,
  { config, provider, isNew, disks }: StartInputs,
  { paths, seed, planned }: { paths: MachinePaths; seed: PlannedSeed | null; planned: MachineState },
): Promise<MachineState> {
  const { spec, box } = planned
  if (isNew) await removeLeftovers(provider, spec, { paths, kept: disks.kept })
  if (seed !== null)
    await writeSeed(seed, { spec, paths, hostName: hostNameOf(config, project.manifest.name) })
  const step = { machine: spec.name, step: 'disk', message: `disk over ${box.name} ${box.version}` }
  await inStep(project.emit, step, () => provider.create(spec))
  const consoleFrom = await nextConsoleOffset(paths.consoleLog)
  const at = new Date().toISOString()
  const state = await record(paths, (now) => ({
    ...now,
    createdAt: now.createdAt ?? at,
    // No one waits for a login where there is none.
    start: { at, consoleFrom, ...(hasLogin(now) ? {} : { readyAt: at }) },
  }))
  // From here on they are the machine's.
  if (disks.kept.length > 0) await rm(paths.keptDisks, { force: true })
  project.signal.throwIfAborted()
  const starting = { machine: spec.name, step: 'start', message: `starting with ${provider.name}` }
  await inStep(project.emit, starting, () => provider.start(spec, { signal: project.signal }))
  return state
}

/** Null: it has to boot. */
async function carryOutWarm(
  project: Project,
  inputs: StartInputs,
  { paths, planned, image }: { paths: MachinePaths; planned: MachineState; image: FoundImage },
): Promise<MachineState | null> {
  await removeLeftovers(inputs.provider, planned.spec, { paths, kept: [] })
  const consoleFrom = await nextConsoleOffset(paths.consoleLog)
  const warm = await startWarm(project, { ...inputs, ...image, planned, consoleFrom })
  if (warm === null) await writeState(paths, planned)
  return warm
}

/**
 * What is there before a creation has completed was left by an `up` or a `destroy` that was cut
 * short: half a disk, and the host key of another guest, which the new one has not. Where a
 * state was deleted by hand its machine may still run, on the disk that goes.
 */
async function removeLeftovers(
  provider: Provider,
  spec: MachineSpec,
  { paths, kept }: { paths: MachinePaths; kept: readonly string[] },
): Promise<void> {
  await provider.stop(spec, { graceful: false, timeout: 0 })
  const { data, knownHosts, imageKey, seed, memory, snapshots } = paths
  await removeBut([data, knownHosts, imageKey, seed, memory, snapshots], await keptFiles(paths, kept))
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
