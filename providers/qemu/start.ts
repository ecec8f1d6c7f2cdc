import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Pipe } from '../../src/background/index.ts'
import { isPosadaError, PosadaError } from '../../src/errors/index.ts'
import { sleep } from '../../src/lib/async/sleep.ts'
import { deadlineIn } from '../../src/lib/async/time-limit.ts'
import { rotateFile } from '../../src/lib/files/rotate-file.ts'
import { hostBootId } from '../../src/lib/process/boot-id.ts'
import { asObject } from '../../src/lib/values/as-object.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import { qemuArguments } from './argv/index.ts'
import { requireSystemProgram } from './binary.ts'
import { qemuFiles } from './files.ts'
import { prepareUefi } from './firmware.ts'
import { boundedLogs, withGuard } from './guard/launch.ts'
import { checkNested } from './nested.ts'
import { qemuOptions } from './options.ts'
import { resume } from './pause.ts'
import { checkPorts } from './ports.ts'
import type { Probe } from './probe/index.ts'
import { type Spawned, spawnQemu } from './process/spawn.ts'
import { startError } from './process/start-error.ts'
import { connectQmp } from './qmp/client.ts'
import { writeRecord } from './run-record.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'

/** Milliseconds for QEMU to open its control socket; on a busy host it takes a second. */
const LAUNCH_LIMIT = 60_000
const POLL = 10

export async function start(spec: MachineSpec, probe: Probe, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  const now = await status(spec)
  if (now.state === 'running') return
  if (now.state === 'paused') return await resume(spec)
  if (now.state === 'absent') throw notCreated(spec)

  const { options, program, accelerator, sandbox } = await chooseHow(spec, probe, signal)
  await checkNested(spec, accelerator)
  const uefi = await prepareUefi(spec)
  const argv = qemuArguments(spec, { accelerator, options, uefi, sandbox })
  await checkPorts(spec)
  await prepareFiles(spec)
  signal?.throwIfAborted()
  const run = { accelerator, bootId: await hostBootId(), cut: false }
  await writeRecord(spec, run)
  const launch = async (pipes: readonly Pipe[]) =>
    untilRunning(await spawnQemu({ program, argv }, spec, pipes), spec, signal)
  try {
    await withGuard(spec, launch, signal)
  } catch (error) {
    // The interrupt that ends us may reach QEMU as well, before it is a process group of its own: not a crash.
    if (signal?.aborted === true) await writeRecord(spec, { ...run, cut: true })
    // One that runs without its guard, or does not answer, is of no use.
    else await stop(spec, { graceful: false, timeout: 0 })
    throw error
  }
}

/** The program that runs the machine, and by what means. */
export async function chooseHow(spec: MachineSpec, probe: Probe, signal?: AbortSignal) {
  const options = qemuOptions(spec.options)
  const program = requireSystemProgram(spec.arch, options.binary)
  const found = await probe.host(program, spec.arch, signal === undefined ? {} : { signal })
  return { options, program, accelerator: options.accel ?? found.accelerator, sandbox: found.sandbox }
}

async function prepareFiles(spec: MachineSpec): Promise<void> {
  const { consoleLog, providerLog, runtimeDir } = spec.files
  for (const folder of new Set([dirname(consoleLog), dirname(providerLog)])) {
    await mkdir(folder, { recursive: true })
  }
  await mkdir(runtimeDir, { recursive: true, mode: 0o700 })
  for (const { path, limit } of boundedLogs(spec)) await rotateFile(path, limit)
  const { pid, qmp, ready, agent } = qemuFiles(spec)
  await Promise.all([pid, qmp, ready, agent].map((path) => rm(path, { force: true })))
}

/** QEMU opens the control socket before it builds the machine, and answers once the machine runs. */
async function untilRunning(spawned: Spawned, spec: MachineSpec, signal?: AbortSignal): Promise<void> {
  let ended: string | null = null
  void spawned.ended.then((how) => {
    ended = how
  })
  const deadline = deadlineIn(LAUNCH_LIMIT)
  while (!deadline.isOver()) {
    signal?.throwIfAborted()
    if (ended !== null) throw await startError(spec, spawned, ended)
    if (await runs(spec, deadline.left(), signal)) return
    await sleep(POLL)
  }
  throw new PosadaError(
    'E_QMP_TIMEOUT',
    `QEMU did not open its control socket within ${LAUNCH_LIMIT / 1000} s`,
    {
      machine: spec.name,
      value: String(spawned.pid),
      hint: `see ${spec.files.providerLog}`,
    },
  )
}

/** A connection that breaks off is that of a QEMU that ends, which the next round sees. */
async function runs(spec: MachineSpec, timeout: number, signal?: AbortSignal): Promise<boolean> {
  const limits = { timeout: Math.max(timeout, POLL), ...(signal === undefined ? {} : { signal }) }
  try {
    const client = await connectQmp(qemuFiles(spec).qmp, limits)
    if (client === null) return false
    try {
      return asObject(await client.execute('query-status')).running === true
    } finally {
      client.close()
    }
  } catch (error) {
    if (isPosadaError(error, 'E_QMP')) return false
    throw error
  }
}

function notCreated(spec: MachineSpec): PosadaError {
  return new PosadaError('E_NOT_CREATED', `machine ${spec.name} has no disks yet`, {
    machine: spec.name,
    hint: 'posada up makes them',
  })
}
