import { randomBytes } from 'node:crypto'
import { PosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { hostKeyIn, recordHostKey } from '../../ssh/index.ts'
import { hostNameOf } from '../facts/host-name.ts'
import { readyChannel } from '../guest/ready-channel.ts'
import type { BoxSupply, Declared, Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { tellIdentity } from './tell-identity.ts'

interface Copied {
  config: Machine
  provider: Provider
  state: MachineState
}

/**
 * Makes the guest of a machine whose memory is a copy of another's a machine of its own, and lets its network up. Returns
 * the state as written. Where the guest does not confirm it the machine is ended, and E_IDENTITY says so.
 */
export async function giveIdentity(
  project: Declared & Places & Reporting & Pick<BoxSupply, 'boxes'>,
  { config, provider, state }: Copied,
): Promise<MachineState> {
  const paths = project.paths.machine(config.name)
  const told = await tell(project, { config, provider, state })
  const hostKey = told === null ? null : hostKeyIn(told)
  if (hostKey === null) {
    await provider.stop(state.spec, { graceful: false, timeout: 0 })
    throw unconfirmed(config.name)
  }
  await recordHostKey(paths.knownHosts, config.name, hostKey)
  await provider.setLinks?.(state.spec, true)
  return record(paths, ({ copy, ...rest }) => ({
    ...rest,
    ...(copy === undefined || copy.warm === true ? {} : { copy: { of: copy.of, token: copy.token } }),
  }))
}

/** Null: its guest cannot be told, or would be reached before it was. */
async function tell(
  project: Declared & Reporting & Pick<BoxSupply, 'boxes'>,
  { config, provider, state: { spec, box, copy } }: Copied,
): Promise<string | null> {
  const { manifest } = await project.boxes.byDigest(box)
  const open = readyChannel(provider, spec, manifest)
  if (open === null || copy === undefined || provider.setLinks === undefined) return null
  const identity = {
    token: copy.token,
    hostName: hostNameOf(config, project.manifest.name),
    seed: randomBytes(32),
    macs: spec.nics.map(({ mac }) => mac),
  }
  return tellIdentity(open, identity, { signal: project.signal })
}

function unconfirmed(machine: string): PosadaError {
  return new PosadaError('E_IDENTITY', 'its guest did not become a machine of its own', {
    machine,
    hint: `posada up ${machine} boots it from its disks; boxes that were built before cannot do it from memory`,
  })
}
