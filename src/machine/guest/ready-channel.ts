import type { BoxManifest } from '../../box/index.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
import type { OpenReady } from './hear-guest.ts'

/** How to listen to a guest that says when it can be logged in to; null: its box or its provider has nothing for that. */
export function readyChannel(provider: Provider, spec: MachineSpec, box: BoxManifest): OpenReady | null {
  if (!box.announcesReady || provider.capabilities().ready !== true) return null
  return (signal) => provider.open(spec, 'ready', signal)
}
