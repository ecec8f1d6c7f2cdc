import type { Pipe } from '../../src/background/index.ts'
import { isPosadaError, PosadaError } from '../../src/errors/index.ts'
import { sleep } from '../../src/lib/async/sleep.ts'
import { deadlineIn } from '../../src/lib/async/time-limit.ts'
import { hostBootId } from '../../src/lib/process/boot-id.ts'
import { asObject } from '../../src/lib/values/as-object.ts'
import type { LoadOptions, MachineSpec } from '../../src/provider/index.ts'
import { checkShares, startMachine, stopMachine, withShares } from '../../src/provider-kit/index.ts'
import { type Accelerator, type HostFacts, qemuArguments } from './argv/index.ts'
import { requireSystemProgram } from './binary.ts'
import { makeConsole } from './console.ts'
import { qemuFiles } from './files.ts'
import { prepareUefi } from './firmware.ts'
import { withGuard } from './guard/launch.ts'
import { qemu } from './hypervisor.ts'
import { memoryStart } from './memory/mappable.ts'
import { checkNested } from './nested.ts'
import { qemuOptions } from './options.ts'
import { checkPorts } from './ports.ts'
import type { Probe } from './probe/index.ts'
import { type Spawned, spawnQemu } from './process/spawn.ts'
import { startError } from './process/start-error.ts'
import { withQmp } from './qmp/client.ts'
import { writeRecord } from './run-record.ts'

/** Milliseconds for QEMU to open its control socket, which on a busy host takes a second; and to read a memory as well. */
const launchLimit = 60_000
const loadLimit = 600_000
const poll = 10

interface How {
  /** A file of `save` that the machine goes on from; it then stands still. */
  memory?: Pick<LoadOptions, 'layout'> & { path: string }
  signal?: AbortSignal | undefined
}

export async function start(spec: MachineSpec, probe: Probe, { signal, memory }: How = {}): Promise<void> {
  const prepare = async () => {
    const { options, program, accelerator, sandbox } = await chooseHow(spec, probe, signal)
    await checkNested(spec, accelerator)
    const uefi = await prepareUefi(spec)
    const argv = qemuArguments(spec, { accelerator, options, uefi, sandbox, ...mappedOf(memory) })
    await checkPorts(spec)
    await checkShares(spec)
    return () =>
      launch(spec, { program, argv, accelerator }, { signal, ...(memory === undefined ? {} : { memory }) })
  }
  const { pid, qmp, guard, ready, agent, display } = qemuFiles(spec)
  await startMachine(qemu, { spec, prepare, stale: [pid, qmp, guard, ready, agent, display], signal })
}

/** The main memory, by its name in QEMU, where it is not in the stream. */
function mappedOf(memory: How['memory']): Pick<HostFacts, 'mapped'> {
  if (memory?.layout === undefined) return {}
  return { mapped: { path: memory.path, name: memory.layout, start: memoryStart } }
}

async function launch(
  spec: MachineSpec,
  { accelerator, ...command }: { program: string; argv: string[]; accelerator: Accelerator },
  how: How,
): Promise<void> {
  const { signal, memory } = how
  const run = { accelerator, bootId: await hostBootId(), cut: false }
  await makeConsole(spec)
  await writeRecord(spec, run)
  const begin = async (pipes: readonly Pipe[]) =>
    untilStarted(await spawnQemu(command, spec, { pipes, memory: memory?.path }), spec, how)
  try {
    await withShares(spec, { code: 'E_QEMU_START', work: () => withGuard(spec, begin, signal) })
  } catch (error) {
    // The interrupt that ends us may reach QEMU as well, before it is a process group of its own: not a crash.
    if (signal?.aborted === true) await writeRecord(spec, { ...run, cut: true })
    // One that runs without its guard, or does not answer, is of no use.
    else await stopMachine(qemu, spec, { graceful: false, timeout: 0 })
    throw error
  }
}

/** The program that runs the machine, and by what means. */
export async function chooseHow(spec: MachineSpec, probe: Probe, signal?: AbortSignal) {
  const options = qemuOptions(spec.options)
  const program = requireSystemProgram(spec.arch, options.binary)
  const found = await probe.host(program, spec.arch, signal === undefined ? {} : { signal })
  const { sandbox, version } = found
  return { options, program, accelerator: options.accel ?? found.accelerator, sandbox, version }
}

/** QEMU opens the control socket before it builds the machine, and answers once the machine runs or has its memory. */
async function untilStarted(spawned: Spawned, spec: MachineSpec, { signal, memory }: How): Promise<void> {
  const limit = memory === undefined ? launchLimit : loadLimit
  const wanted = memory === undefined ? 'running' : 'paused'
  let ended: string | null = null
  void spawned.ended.then((how) => {
    ended = how
  })
  const deadline = deadlineIn(limit)
  while (!deadline.isOver()) {
    signal?.throwIfAborted()
    if (ended !== null) throw await startError(spec, spawned, ended)
    if ((await runState(spec, deadline.left(), signal)) === wanted) return
    await sleep(poll)
  }
  throw new PosadaError('E_QMP_TIMEOUT', `QEMU did not start the machine within ${limit / 1000} s`, {
    machine: spec.name,
    value: String(spawned.pid),
    hint: `see ${spec.files.providerLog}`,
  })
}

/** QAPI type RunState. A connection that breaks off is that of a QEMU that ends, which the next round sees: null. */
async function runState(spec: MachineSpec, timeout: number, signal?: AbortSignal): Promise<unknown> {
  const limits = { timeout: Math.max(timeout, poll), ...(signal === undefined ? {} : { signal }) }
  try {
    return await withQmp(
      qemuFiles(spec).qmp,
      limits,
      async (client) => asObject(await client.execute('query-status')).status,
    )
  } catch (error) {
    if (isPosadaError(error, 'E_QMP')) return null
    throw error
  }
}
