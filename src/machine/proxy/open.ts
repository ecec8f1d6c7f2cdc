import { isPosadaError } from '../../errors/index.ts'
import { within } from '../../lib/async/time-limit.ts'
import { formatDestination, type Open, type Opened, type Refusal } from '../../proxy/index.ts'
import { openTunnel } from '../../ssh/index.ts'
import { networkConfig } from '../network/config.ts'
import type { Declared, Places, Providing } from '../project.ts'
import { routeTo } from './route.ts'
import type { Sessions } from './sessions.ts'

/** Milliseconds for a guest to make a connection. */
const patience = 30_000

/** Opens connections to the project's machines, through SSH to one that is there. No user can make it reject. */
export function opener(project: Declared & Places & Providing, projectId: string, sessions: Sessions): Open {
  const machines = project.manifest.machines.map(({ name }) => name)
  return async (to) => {
    const refuse = (refused: Refusal, why: string): Opened => ({
      refused,
      message: `${formatDestination(to)}: ${why}`,
    })
    try {
      const route = routeTo(await networkConfig(project, projectId), machines, to.host)
      if (route === null)
        return refuse('forbidden', 'it is neither a machine of the project nor on its networks')
      const reached = await firstReachable(route.machines, sessions)
      if ('error' in reached) return refuse('absent', reached.error)
      const tunnel = await inTime(openTunnel(reached.session, { host: route.host, port: to.port }))
      if (tunnel === null) return refuse('absent', 'the guest makes no connection')
      return 'refused' in tunnel ? refuse('refused', tunnel.refused) : { stream: tunnel.channel }
    } catch (error) {
      if (!isPosadaError(error)) throw error
      return refuse('absent', error.message)
    }
  }
}

type Reached = { session: Awaited<ReturnType<Sessions['get']>> } | { error: string }

async function firstReachable(machines: readonly string[], sessions: Sessions): Promise<Reached> {
  let error = 'no machine is on its network'
  for (const machine of machines) {
    try {
      return { session: await sessions.get(machine) }
    } catch (thrown) {
      if (!isPosadaError(thrown)) throw thrown
      error = thrown.message
    }
  }
  return { error }
}

/** Null where it takes too long; what comes later is closed. */
function inTime(opening: ReturnType<typeof openTunnel>) {
  const late = () => {
    opening.then(
      (tunnel) => 'channel' in tunnel && tunnel.channel.destroy(),
      () => undefined,
    )
    return null
  }
  return within({ limit: patience, late }, opening)
}
