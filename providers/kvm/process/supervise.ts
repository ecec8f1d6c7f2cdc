import { rm } from 'node:fs/promises'
import { serveControl } from '../../../src/background/index.ts'
import { PosadaError } from '../../../src/errors/index.ts'
import { hostBootId } from '../../../src/lib/process/boot-id.ts'
import { keepLock, lockFile } from '../../../src/lib/process/lock-file.ts'
import { processIdentity } from '../../../src/lib/process/process-identity.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { confineCalls } from '../confine/confine-calls.ts'
import { SystemCallError } from '../ffi/system-call-error.ts'
import { kvmFiles } from '../files.ts'
import { type Run, type RunEnding, writeRecord } from '../run-record.ts'
import type { VcpuThread } from '../vcpu/thread.ts'
import { controlCommands } from './control-commands.ts'
import { openHost } from './guest-host.ts'
import { MachineRun } from './machine-run.ts'
import { createMilestones } from './milestones.ts'
import { moveMemory } from './move-memory.ts'
import type { VmmConfig } from './vmm-config.ts'

export interface SuperviseOptions extends VmmConfig {
  /** Of the vCPUs of the first guest. */
  threads: readonly VcpuThread[]
  log: (message: string) => void
  /** A guest is about to run for the first time. */
  beforeGuest: () => void
  /** The vCPUs run. */
  onReady: () => void
  /** Resolves when the power shall be cut from outside, with who asked. */
  cut: Promise<string>
}

/**
 * Runs a machine from power-on until it is off, through all its restarts: the life of its process. Writes
 * the record of the run before the guest reaches its disks, for who looks meanwhile, and its ending last.
 *
 * @throws whatever kept the machine from starting; then there was no run
 */
export async function supervise(options: SuperviseOptions): Promise<RunEnding> {
  const { spec } = options
  await takeLock(spec)
  try {
    const ending = await run(options)
    await writeRecord(spec, { ...(await thisRun()), ending })
    return ending
  } catch (error) {
    await writeRecord(spec, null)
    throw error
  }
}

/** What takes the host's time comes after the guest's first instruction, whose kernel is at something else for long. */
async function run({
  log,
  onReady,
  beforeGuest,
  cut,
  threads,
  ...config
}: SuperviseOptions): Promise<RunEnding> {
  const { spec } = config
  const milestones = createMilestones()
  milestones.reached('configuration')
  const { host, saved } = openHost(config, log)
  milestones.reached('host')
  const machine = new MachineRun(config, host, saved)
  const meanwhile = async () => writeRecord(spec, await thisRun())
  await machine.begin({ threads, milestones, beforeGuest, meanwhile })
  const press = () => {
    log('asked to press the power button, by SIGPWR')
    machine.guest?.pressPowerButton()
  }
  process.on('SIGPWR', press)
  const { control: path } = kvmFiles(spec)
  const { counters, shares } = host
  const control = await serveControl(path, controlCommands(machine, { spec, counters, shares, log }))
  confine(config, log)
  machine.releaseDisks()
  milestones.reached('ready')
  log(`started; milliseconds: ${milestones.text()}`)
  onReady()
  void cut.then((reason) => machine.tell({ type: 'cut', reason }))

  const leaveMemory = moveMemory(machine, spec)
  const ending = await machine.ended
  leaveMemory()
  log(`ended: ${ending.reason}`)
  process.off('SIGPWR', press)
  host.console.close()
  await control.close()
  await rm(path, { force: true })
  return ending
}

/** Before the guest reaches its disks. A host that cannot do it runs the machine all the same, and its log says so. */
function confine({ confined }: Pick<VmmConfig, 'confined'>, log: (message: string) => void): void {
  if (confined === 'nothing') {
    log('not confined, as POSADA_UNCONFINED says')
    return
  }
  if (confined === 'calls') log('files are not confined: this kernel has no Landlock, or refuses it')
  try {
    confineCalls()
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    log(`system calls are not confined: ${error.message}`)
  }
}

/** Two processes on the same disks would ruin them. The lock ends with the process. */
async function takeLock(spec: MachineSpec): Promise<void> {
  const file = await lockFile(kvmFiles(spec).lock)
  if (typeof file !== 'string') return keepLock(file)
  throw new PosadaError('E_LOCKED', `another process runs machine ${spec.name} already`, {
    machine: spec.name,
    hint: 'see posada status',
  })
}

/** That this process runs the machine. */
async function thisRun(): Promise<Run> {
  const [self, bootId] = await Promise.all([processIdentity(process.pid), hostBootId()])
  return { pid: process.pid, startTime: self?.startTime ?? '', bootId }
}
