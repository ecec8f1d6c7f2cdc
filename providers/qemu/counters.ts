import { sendCommand } from '../../src/background/index.ts'
import { isPosadaError } from '../../src/errors/index.ts'
import { asObject } from '../../src/lib/values/as-object.ts'
import type { MachineSpec } from '../../src/provider/index.ts'
import type { Counters } from '../../src/provider-kit/index.ts'
import { ask } from './ask.ts'
import { qemuFiles } from './files.ts'
import type { QmpClient } from './qmp/client.ts'

/** Milliseconds that the guard has to answer. */
const patience = 2000

/** What QEMU says of the disks and the guard of the network; null where QEMU does not answer. */
export async function counters(spec: MachineSpec): Promise<Counters | null> {
  const [own, guard] = await Promise.all([
    ask(spec, async (client) => ({
      disk: diskCounters(await client.execute('query-blockstats')),
      ...(typeof spec.memoryMin === 'number' ? { given: await givenMemory(client) } : {}),
    })),
    askGuard(spec),
  ])
  if (own === null) return null
  if (guard === null) return { ...own, network: null }
  const { received, sent, cpu, memory } = guard
  return {
    ...own,
    network: { received: count(received), sent: count(sent) },
    helper: { cpu: count(cpu), memory: count(memory) },
  }
}

/** What the balloon leaves. */
async function givenMemory(client: QmpClient): Promise<number> {
  return count(asObject(await client.execute('query-balloon')).actual)
}

/** Of the answer to `query-blockstats` (QAPI type BlockStats): an entry a disk. Pure. */
export function diskCounters(answer: unknown): Counters['disk'] {
  const disks = Array.isArray(answer) ? answer.map((one) => asObject(asObject(one).stats)) : []
  const sum = (name: string) => disks.reduce((bytes, stats) => bytes + count(stats[name]), 0)
  return { read: sum('rd_bytes'), written: sum('wr_bytes') }
}

/** Null where there is none, or one of an older Posada. */
async function askGuard(spec: MachineSpec): Promise<Record<string, unknown> | null> {
  try {
    const answer = await sendCommand(qemuFiles(spec).guard, { name: 'usage', timeout: patience })
    return answer === null ? null : asObject(answer)
  } catch (error) {
    if (isPosadaError(error, 'E_CONTROL')) return null
    throw error
  }
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0
}
