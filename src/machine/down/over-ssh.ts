import { isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
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

/** A machine elsewhere is reached by its own host. */
async function isOutOfReach({ provider, previous: { spec } }: Sighted): Promise<boolean> {
  const { agent, ready, host } = provider.capabilities()
  if (host !== undefined || (!agent && ready !== true)) return false
  const tries = [agent ? ['agent' as const] : [], ready === true ? ['ready' as const] : []].flat()
  const opened = await Promise.all(tries.map((to) => isThere(provider, spec, to)))
  return !opened.includes(true)
}

async function isThere(provider: Provider, spec: MachineSpec, to: 'agent' | 'ready'): Promise<boolean> {
  try {
    const channel = await provider.open(spec, to)
    channel.destroy()
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false
    return true
  }
}
