import { isPosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { asRootWhereAllowed, capture, connect } from '../../ssh/index.ts'
import { hasLogin } from '../facts/guest-kind.ts'
import { sshTarget } from '../guest/target.ts'
import type { Sighted } from '../observed/look.ts'
import type { Places, Reporting } from '../project.ts'

/** Milliseconds for a guest to let us in. */
const patience = 15_000

/** Whatever a guest has to shut down by; what takes the order ends the connection. */
const script = `for c in 'systemctl poweroff' poweroff 'shutdown -h now' 'busybox poweroff'; do
  command -v "\${c%% *}" >/dev/null && $c && exit
done
exit 1`

/**
 * Asks a running guest over SSH to shut down, where its hypervisor cannot be told to: the sockets for that are gone, as
 * they are after a logout. Whether it has taken the order.
 */
export async function askOverSsh(project: Places & Reporting, sight: Sighted): Promise<boolean> {
  if (!hasLogin(sight.previous) || !(await isOutOfReach(sight))) return false
  const { provider, previous } = sight
  const target = sshTarget(provider, previous, project.paths.machine(previous.spec.name))
  try {
    const session = await connect(target, { timeout: patience, signal: project.signal })
    try {
      return (await capture(session, asRootWhereAllowed(script), { signal: project.signal })).code === 0
    } catch (error) {
      if (isPosadaError(error, 'E_SSH_LOST')) return true
      throw error
    } finally {
      await session.close()
    }
  } catch (error) {
    if (isPosadaError(error)) return false
    throw error
  }
}

async function isOutOfReach({ provider, previous: { spec } }: Sighted): Promise<boolean> {
  const channels = [provider.channel(spec, 'agent'), provider.channel(spec, 'ready')]
  const sockets = channels.filter((channel) => channel !== null)
  const there = await Promise.all(sockets.map((socket) => exists(socket)))
  return sockets.length > 0 && !there.includes(true)
}
