import { hostBootId } from '../../src/lib/process/boot-id.ts'
import type { ProcessIdentity } from '../../src/lib/process/process-identity.ts'
import { asObject } from '../../src/lib/values/as-object.ts'
import type { MachineSpec, UpStatus } from '../../src/provider/index.ts'
import type { Ending, Hypervisor, Recorded } from '../../src/provider-kit/index.ts'
import { shareChannel } from './argv/index.ts'
import { ask } from './ask.ts'
import { counters } from './counters.ts'
import { qemuFiles } from './files.ts'
import { boundedLogs } from './guard/launch.ts'
import { endSaving } from './memory/save.ts'
import { readEnding } from './process/events-log.ts'
import { findQemu } from './process/find.ts'
import { type QmpClient, withQmp } from './qmp/client.ts'
import { type Run, readRecord, writeRecord } from './run-record.ts'

/** Milliseconds that QEMU has to obey, and to let a machine stand still or go on. */
const patience = 3000
const patient = 10_000

/** The order in QMP. */
const orders = { pause: 'stop', resume: 'cont', powerdown: 'system_powerdown', quit: 'quit' } as const

export const qemu: Hypervisor<Run> = {
  name: 'QEMU',
  code: 'E_QMP_TIMEOUT',
  termLimit: 2000,
  files: qemuFiles,
  logs: boundedLogs,
  readRecord,
  writeRecord,
  find,
  state: (spec) => ask(spec, (client) => queryState(client, spec)),
  counters,
  order: async (spec, order) => {
    const timeout = order === 'pause' || order === 'resume' ? patient : patience
    const done = await withQmp(qemuFiles(spec).qmp, { timeout }, async (client) => {
      if (order === 'resume') await endSaving(client)
      await client.execute(orders[order])
      return true
    })
    return done !== null
  },
  agentListens: async (spec) => {
    const channels = await ask(spec, (client) => client.execute('query-chardev'))
    const open = (channel: unknown) =>
      asObject(channel).label === 'agent' && asObject(channel)['frontend-open'] === true
    return Array.isArray(channels) && channels.some(open)
  },
  accelerator: (run) => run?.accelerator ?? 'tcg',
  ending,
  // It leaves no event behind that tells who cut the power.
  onCut: async (spec) => {
    const run = (await readRecord(spec))?.run ?? { accelerator: 'tcg', bootId: await hostBootId() }
    await writeRecord(spec, { ...run, cut: true })
  },
}

/**
 * The machine's process. All processes are searched only where there is neither a pid file nor a record that
 * tells how the last run ended, which is rare and takes some milliseconds.
 */
async function find(spec: MachineSpec, record: Recorded<Run> | null): Promise<ProcessIdentity | null> {
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
async function queryState(
  client: QmpClient,
  spec: MachineSpec,
): Promise<Pick<UpStatus, 'state' | 'stalled' | 'lostShares'>> {
  const { running, status } = asObject(await client.execute('query-status'))
  const lost = await lostShares(client, spec)
  if (running === true) return { state: 'running', ...(lost.length === 0 ? {} : { lostShares: lost }) }
  const full = status === 'io-error' && lacksSpace(await client.execute('query-block'))
  return { state: 'paused', ...(full ? { stalled: 'disk-full' } : {}) }
}

/** Tags of folders whose server has ended: QEMU does not connect again. Source: QAPI type ChardevInfo. */
async function lostShares(client: QmpClient, { shares = [] }: MachineSpec): Promise<string[]> {
  if (shares.length === 0) return []
  const channels = await client.execute('query-chardev')
  const isLost = (index: number) => (channel: unknown) =>
    asObject(channel).label === shareChannel(index) &&
    String(asObject(channel).filename).startsWith('disconnected:')
  return Array.isArray(channels)
    ? shares.flatMap(({ tag }, index) => (channels.some(isLost(index)) ? [tag] : []))
    : []
}

/** Whether a disk of the host could not grow for a write of the guest: QAPI type BlockDeviceIoStatus. */
function lacksSpace(devices: unknown): boolean {
  return Array.isArray(devices) && devices.some((device) => asObject(device)['io-status'] === 'nospace')
}

async function ending(spec: MachineSpec, run: Run | null): Promise<Ending | null> {
  if (run?.cut === true) return { crashed: false, byGuest: false }
  const told = await readEnding(spec)
  if (told === null) return null
  const { reason, guest: byGuest } = told
  return { crashed: crashes.includes(reason), byGuest, reason: meanings[reason] ?? reason }
}

/** Of QAPI type ShutdownCause. */
const crashes: readonly string[] = ['guest-panic', 'host-error', 'snapshot-load']
const meanings: Readonly<Record<string, string>> = {
  'guest-shutdown': 'the guest shut down',
  'guest-panic': "the guest's kernel panicked",
  'host-qmp-quit': 'the power was cut',
  'host-signal': 'QEMU was terminated by a signal',
  'host-error': 'QEMU failed',
}
