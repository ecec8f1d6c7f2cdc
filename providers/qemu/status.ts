import { isPosadaError } from '../../src/errors/index.ts'
import { exists } from '../../src/lib/files/folders.ts'
import { hostBootId } from '../../src/lib/process/boot-id.ts'
import { isAlive, type ProcessIdentity } from '../../src/lib/process/process-identity.ts'
import { asObject } from '../../src/lib/values/as-object.ts'
import type { MachineSpec, MachineStatus } from '../../src/provider/index.ts'
import type { Recorded } from '../../src/provider-kit/index.ts'
import { qemuFiles } from './files.ts'
import { readEnding } from './process/events-log.ts'
import { findQemu } from './process/find.ts'
import { withQmp } from './qmp/client.ts'
import { type Run, readRecord } from './run-record.ts'

/** Milliseconds that a status waits for QEMU; past them the process itself is answer enough. */
const PATIENCE = 3000

export async function status(spec: MachineSpec): Promise<MachineStatus> {
  const record = await readRecord(spec)
  const found = await findRunning(spec, record)
  if (found !== null) {
    const state = await askState(spec)
    const accelerator = record?.run?.accelerator ?? 'tcg'
    if (await isAlive(found)) return { ...state, pid: found.pid, accelerator }
  }
  if (record === null || !(await hasFirstDisk(spec))) return { state: 'absent' }
  return await howItEnded(spec, record)
}

/**
 * The machine's process. All processes are searched only where there is neither a pid file nor a record that
 * tells how the last run ended, which is rare and takes some milliseconds.
 */
export async function findRunning(
  spec: MachineSpec,
  record: Recorded<Run> | null,
): Promise<ProcessIdentity | null> {
  const quick = await findQemu(spec, { thorough: false })
  if (quick !== null || (await isExplained(spec, record))) return quick
  return await findQemu(spec, { thorough: true })
}

async function isExplained(spec: MachineSpec, record: Recorded<Run> | null): Promise<boolean> {
  if (record === null || record.damaged) return false
  if (record.run === null || record.run.bootId !== (await hostBootId())) return true
  return (await readEnding(spec)) !== null
}

/** QEMU's run states that stand still: `paused`, `io-error`, `internal-error`, `prelaunch`… */
async function askState(spec: MachineSpec): Promise<{ state: 'running' | 'paused'; stalled?: 'disk-full' }> {
  try {
    const answer = await withQmp(qemuFiles(spec).qmp, { timeout: PATIENCE }, async (client) => {
      const { running, status: name } = asObject(await client.execute('query-status'))
      if (running === true) return { state: 'running' as const }
      const full = name === 'io-error' && lacksSpace(await client.execute('query-block'))
      return { state: 'paused' as const, ...(full ? { stalled: 'disk-full' as const } : {}) }
    })
    return answer ?? { state: 'running' }
  } catch (error) {
    if (isPosadaError(error, 'E_QMP_TIMEOUT') || isPosadaError(error, 'E_QMP')) return { state: 'running' }
    throw error
  }
}

/** Whether a disk of the host could not grow for a write of the guest: QAPI type BlockDeviceIoStatus. */
function lacksSpace(devices: unknown): boolean {
  return Array.isArray(devices) && devices.some((device) => asObject(device)['io-status'] === 'nospace')
}

async function howItEnded(spec: MachineSpec, { run, damaged }: Recorded<Run>): Promise<MachineStatus> {
  if (damaged) return { state: 'stopped', crashed: false, reason: `${qemuFiles(spec).record} is damaged` }
  if (run === null || run.cut) return { state: 'stopped', crashed: false }
  const ending = await readEnding(spec)
  if (ending !== null) {
    const crashed = ['guest-panic', 'host-error', 'snapshot-load'].includes(ending.reason)
    return { state: 'stopped', crashed, reason: explain(ending.reason) }
  }
  if (run.bootId !== (await hostBootId())) {
    return { state: 'stopped', crashed: true, reason: 'the host was restarted while it ran' }
  }
  return { state: 'stopped', crashed: true, reason: 'its QEMU process ended without being asked to' }
}

function explain(reason: string): string {
  const known: Record<string, string> = {
    'guest-shutdown': 'the guest shut down',
    'guest-panic': "the guest's kernel panicked",
    'host-qmp-quit': 'the power was cut',
    'host-signal': 'QEMU was told to end by a signal',
    'host-error': 'QEMU met an error',
  }
  return known[reason] ?? reason
}

async function hasFirstDisk(spec: MachineSpec): Promise<boolean> {
  const first = spec.disks[0]
  return first === undefined || (await exists(first.path))
}
