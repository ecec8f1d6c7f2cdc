import { existsSync } from 'node:fs'
import { sendCommand } from '../../src/background/index.ts'
import { isPosadaError } from '../../src/errors/index.ts'
import { hostBootId } from '../../src/lib/process/boot-id.ts'
import { isAlive } from '../../src/lib/process/process-identity.ts'
import { asObject } from '../../src/lib/values/as-object.ts'
import type { MachineSpec, MachineStatus } from '../../src/provider/index.ts'
import type { Recorded } from '../../src/provider-kit/index.ts'
import { kvmFiles } from './files.ts'
import { findRunning } from './process/find.ts'
import { type Run, readRecord } from './run-record.ts'

/** Milliseconds that a status waits for the machine's process; past them the process itself is answer enough. */
const patience = 3000

export async function status(spec: MachineSpec): Promise<MachineStatus> {
  const record = await readRecord(spec)
  const found = await findRunning(spec, record)
  if (found !== null) {
    const state = await askState(spec)
    if (await isAlive(found)) return { ...state, pid: found.pid, accelerator: 'kvm' }
    // It has ended meanwhile, and has recorded how.
    return await howItEnded(await readRecord(spec), spec)
  }
  return await howItEnded(record, spec)
}

async function askState(spec: MachineSpec): Promise<{ state: 'running' | 'paused'; stalled?: 'disk-full' }> {
  try {
    const answer = await sendCommand(kvmFiles(spec).control, { name: 'status', timeout: patience })
    const { state, stalled } = asObject(answer)
    if (state !== 'paused') return { state: 'running' }
    return { state, ...(stalled === 'disk-full' ? { stalled } : {}) }
  } catch (error) {
    if (isPosadaError(error, 'E_CONTROL')) return { state: 'running' }
    throw error
  }
}

async function howItEnded(record: Recorded<Run> | null, spec: MachineSpec): Promise<MachineStatus> {
  const first = spec.disks[0]
  if (record === null || (first !== undefined && !existsSync(first.path))) return { state: 'absent' }
  const { run, damaged } = record
  if (damaged) return { state: 'stopped', crashed: false, reason: `${kvmFiles(spec).record} is damaged` }
  if (run === null) return { state: 'stopped', crashed: false }
  if (run.ending !== undefined) {
    const { how, reason } = run.ending
    return { state: 'stopped', crashed: how === 'failed', reason }
  }
  const restarted = run.bootId !== (await hostBootId())
  const reason = restarted
    ? 'the host was restarted while it ran'
    : 'the process of its hypervisor ended without being asked to'
  return { state: 'stopped', crashed: true, reason }
}
