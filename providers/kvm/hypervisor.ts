import { sendCommand } from '../../src/background/index.ts'
import { isPosadaError } from '../../src/errors/index.ts'
import { hostBootId } from '../../src/lib/process/boot-id.ts'
import { asObject, isObject } from '../../src/lib/values/as-object.ts'
import { consoleLogLimit, type MachineSpec, type Metrics } from '../../src/provider/index.ts'
import type { Counters, Hypervisor } from '../../src/provider-kit/index.ts'
import { kvmFiles, providerLogLimit } from './files.ts'
import { metricsOf } from './metrics.ts'
import { findRunning } from './process/find.ts'
import { type Run, readRecord, writeRecord } from './run-record.ts'

/** Milliseconds that the machine's process has to answer, and to obey. */
const patience = { status: 3000, order: 5000 }

export const kvm: Hypervisor<Run> = {
  name: 'the hypervisor',
  code: 'E_CONTROL',
  termLimit: 10_000,
  files: kvmFiles,
  logs: ({ files: { consoleLog, providerLog } }) => [
    { path: consoleLog, limit: consoleLogLimit },
    { path: providerLog, limit: providerLogLimit },
  ],
  readRecord,
  writeRecord,
  find: findRunning,
  state: async (spec) => {
    const said = await askStatus(spec)
    if (said === null) return null
    const { state, stalled, lostShares } = said
    const lost = Array.isArray(lostShares) ? lostShares.map(String) : []
    const common = lost.length === 0 ? {} : { lostShares: lost }
    if (state !== 'paused') return { state: 'running', ...common }
    return { state, ...common, ...(stalled === 'disk-full' ? { stalled } : {}) }
  },
  counters: async (spec) => {
    const said = await askStatus(spec)
    return said === null ? null : countersOf(said, spec)
  },
  order: async (spec, name) =>
    (await sendCommand(kvmFiles(spec).control, { name, timeout: patience.order })) !== null,
  powerSignal: 'SIGPWR',
  agentListens: async (spec) => (await askStatus(spec))?.agent === true,
  accelerator: () => 'kvm',
  ending: async (_spec, run) => {
    const { how, reason } = run?.ending ?? {}
    return reason === undefined ? null : { crashed: how === 'failed', byGuest: how === 'off', reason }
  },
  // Otherwise it writes that down itself.
  onKilled: async (spec, process) => {
    const ending = { how: 'cut', reason: 'the power was cut' } as const
    await writeRecord(spec, { ...process, bootId: await hostBootId(), ending })
  },
}

/** What the machine's process has counted; null where there is none, it does not answer, or is of an older Posada. */
export async function askMetrics(spec: MachineSpec): Promise<Metrics | null> {
  const said = await ask(spec, 'metrics')
  return said === null ? null : metricsOf(said)
}

const askStatus = (spec: MachineSpec) => ask(spec, 'status')

/** Null where no one listens, or there is no answer in time. */
async function ask(spec: MachineSpec, name: string): Promise<Record<string, unknown> | null> {
  try {
    const answer = await sendCommand(kvmFiles(spec).control, { name, timeout: patience.status })
    return answer === null ? null : asObject(answer)
  } catch (error) {
    if (isPosadaError(error, 'E_CONTROL')) return null
    throw error
  }
}

/** Of the answer to `status`: a process of an older Posada does not count. Pure. */
function countersOf(said: Record<string, unknown>, { memory, memoryMin }: MachineSpec): Counters {
  const count = (group: unknown, name: string) => {
    const value = asObject(group)[name]
    return typeof value === 'number' ? value : 0
  }
  const { disk, network, balloon } = said
  return {
    ...(typeof memoryMin === 'number' ? { given: memory - count(balloon, 'actual') } : {}),
    disk: { read: count(disk, 'read'), written: count(disk, 'written') },
    network: isObject(network)
      ? { received: count(network, 'received'), sent: count(network, 'sent') }
      : null,
  }
}
