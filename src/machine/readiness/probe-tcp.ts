import type { TcpProbe } from '../../manifest/index.ts'
import { openTunnel, type SshSession, type Tunnel, type TunnelEnd } from '../../ssh/index.ts'
import { untilAborted } from '../until-aborted.ts'
import type { Answer, ProbeContext } from './answer.ts'

/** Ready as soon as something takes a connection on the guest's port. */
export async function probeTcp({ port }: TcpProbe, { session, signal }: ProbeContext): Promise<Answer> {
  const tunnel = await reach(session, { host: 'localhost', port }, signal)
  if ('refused' in tunnel) return { ready: false, answer: `port ${port}: ${tunnel.refused}` }
  tunnel.channel.destroy()
  return { ready: true }
}

/** As openTunnel; a connection that comes too late is closed. */
export async function reach(session: SshSession, to: TunnelEnd, signal: AbortSignal): Promise<Tunnel> {
  const opening = openTunnel(session, to)
  try {
    return await untilAborted(signal, opening)
  } catch (error) {
    opening.then(
      (late) => 'channel' in late && late.channel.destroy(),
      () => undefined,
    )
    throw error
  }
}
