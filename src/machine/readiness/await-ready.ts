import { PosadaError, throwProblems } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { abortAfter, deadlineIn } from '../../lib/async/time-limit.ts'
import { formatDuration } from '../../lib/values/units.ts'
import type { Machine, ReadyProbe } from '../../manifest/index.ts'
import type { Answer, Looking } from './answer.ts'
import { probeName, probeOnce } from './probe.ts'

/** Milliseconds that a single look at a port may take: a firewall that drops packets never answers. */
const lookLimit = 10_000
/** What a look has in any case: the last one begins when the time is almost over, and says most. */
const lookLeast = 1000

/**
 * Waits until every probe of a machine's `ready` was answered well, all of them at once, each for its
 * own time from now. What was not is E_NOT_READY with the last answer and the manifest's hint, for
 * several probes one error that holds them. Throws E_SSH_LOST where the guest goes away meanwhile.
 */
export async function awaitReady(config: Machine, looking: Omit<Looking, 'env'>): Promise<void> {
  const settled = await Promise.allSettled(
    config.ready.map((probe) => awaitProbe(probe, { ...looking, env: config.env })),
  )
  looking.signal.throwIfAborted()
  const broken = settled.find((one) => one.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  const problems = settled.flatMap((one, index) => {
    const probe = config.ready[index]
    if (one.status === 'rejected' || one.value.ready || probe === undefined) return []
    return [notReady(config.name, probe, one.value)]
  })
  const message = `machine ${config.name} is not ready: ${problems.length} of ${config.ready.length} probes`
  throwProblems(problems, { message, machine: config.name })
}

/** Looks again and again until it is ready or the time is over; returns the last answer. */
async function awaitProbe(probe: ReadyProbe, looking: Looking): Promise<Answer> {
  const deadline = deadlineIn(probe.timeout)
  for (;;) {
    const left = Math.max(deadline.left(), lookLeast)
    const answer = await lookOnce(probe, looking, probe.kind === 'shell' ? left : Math.min(left, lookLimit))
    if (answer.ready || deadline.left() <= probe.interval) return answer
    await sleep(probe.interval, looking.signal)
  }
}

async function lookOnce(probe: ReadyProbe, looking: Looking, limit: number): Promise<Answer> {
  const inTime = { limit, late: () => new LookTimeout(), signal: looking.signal }
  try {
    return await abortAfter(inTime, (signal) => probeOnce(probe, { ...looking, signal }))
  } catch (error) {
    if (!(error instanceof LookTimeout)) throw error
    const what = probe.kind === 'shell' ? 'the script did not end' : 'no answer'
    return { ready: false, answer: `${what} within ${formatDuration(limit)}` }
  }
}

class LookTimeout extends Error {}

function notReady(machine: string, probe: ReadyProbe, answer: Answer & { ready: false }): PosadaError {
  const message = `machine ${machine} is not ready after ${formatDuration(probe.timeout)}: ${answer.answer}`
  return new PosadaError('E_NOT_READY', message, {
    machine,
    value: probeName(probe),
    place: probe.place,
    hint:
      probe.hint ??
      `it is running: look with posada ${probe.kind === 'console' ? 'console' : 'ssh'} ${machine}, then run posada up again; timeout: gives it more time`,
    ...(answer.details === undefined ? {} : { details: answer.details }),
  })
}
