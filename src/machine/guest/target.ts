import type { MachinePaths, MachineState } from '../../project/index.ts'
import { type Provider, sshForward } from '../../provider/index.ts'
import type { SshTarget } from '../../ssh/index.ts'
import { hasLogin, requireLogin } from '../facts/guest-kind.ts'
import { sshGuestPort } from '../facts/ssh-port.ts'
import type { SshAddress } from '../results.ts'

/** A line to another host may be cut for half a day, and what goes over it goes on. */
const patient = { interval: 60_000, count: 720 }

/** Where a machine's SSH is, with the machine's own key: by the port that was chosen for it, else over vsock. E_CAPABILITY. */
export function sshTarget(provider: Provider, state: MachineState, paths: MachinePaths): SshTarget {
  requireLogin(state.spec.name, state)
  return {
    ...endpoint(provider, state),
    user: state.login.user,
    keyFile: paths.key,
    knownHostsFile: paths.knownHosts,
    hostAlias: state.spec.name,
    ...(provider.capabilities().host === undefined ? {} : { keepAlive: patient }),
  }
}

/** The same for people and scripts; null: its guest is not logged in to. */
export function sshAddress(provider: Provider, state: MachineState, paths: MachinePaths): SshAddress | null {
  if (!hasLogin(state)) return null
  const { host, port, user, keyFile, vsock } = sshTarget(provider, state, paths)
  return { host, port, user, keyFile, ...(vsock === undefined ? {} : { vsock }) }
}

function endpoint(provider: Provider, { spec }: MachineState): Pick<SshTarget, 'host' | 'port' | 'vsock'> {
  const forward = sshForward(spec)
  if (forward !== undefined) return { host: forward.hostAddress, port: forward.hostPort }
  const vsock = provider.localSocket?.(spec, 'vsock') ?? null
  if (vsock === null) throw new Error(`machine ${spec.name} has neither an SSH forward nor vsock`)
  return { host: 'vsock', port: sshGuestPort, vsock }
}
