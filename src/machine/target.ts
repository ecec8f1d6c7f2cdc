import type { MachineState } from '../project/machine-state.ts'
import type { MachinePaths } from '../project/paths.ts'
import type { SshTarget } from '../ssh/index.ts'
import type { SshAddress } from './results.ts'

/** Where a machine's SSH is, with the machine's own key. */
export function sshTarget(state: MachineState, paths: MachinePaths): SshTarget {
  const forward = state.spec.nics[0]?.forwards[0]
  if (forward === undefined) throw new Error(`machine ${state.spec.name} has no SSH forward`)
  return {
    host: forward.hostAddress,
    port: forward.hostPort,
    user: state.login.user,
    keyFile: paths.key,
    knownHostsFile: paths.knownHosts,
    hostAlias: state.spec.name,
  }
}

/** The same for people and scripts. */
export function sshAddress(state: MachineState, paths: MachinePaths): SshAddress {
  const { host, port, user, keyFile } = sshTarget(state, paths)
  return { host, port, user, keyFile }
}
