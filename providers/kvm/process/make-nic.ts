import type { MachineSpec } from '../../../src/provider/index.ts'
import { guardOf } from '../../../src/provider-kit/index.ts'
import { GuardedLink } from '../net/guarded-link.ts'
import { LateLink } from '../net/late-link.ts'
import { ListeningLink } from '../net/listening-link.ts'
import { startPasst, userMtu } from '../net/passt.ts'
import { NetDevice } from '../virtio/devices/net/device.ts'
import type { Log } from './machine-log.ts'

/** Opens the host's end of a device. */
export type Connect = () => Promise<void>

/** Bytes of the largest packet between machines: plain Ethernet's, which every guest takes. */
const switchMtu = 1500

/** A NIC of `machine`, and what connects it, which may be done while the guest runs. */
export function makeNic(
  nic: MachineSpec['nics'][number],
  machine: string,
  { log, carried }: { log: Log; carried: { received: number; sent: number } },
): { nic: NetDevice; connect: Connect } {
  const { mac } = nic
  if (nic.kind === 'switch') {
    const link = new ListeningLink(nic.socket)
    return { nic: new NetDevice({ link, mac, mtu: switchMtu }), connect: () => link.listen() }
  }
  const cable = new LateLink()
  const onRefused = (what: string) => log(`network: the guest may not reach ${what}: see host_access`)
  const link = new GuardedLink(cable, guardOf(nic, { reassembles: false, onRefused }), carried)
  const { forwards, isolated = false } = nic
  const onDown = (reason: string) => log(`network: ${reason}`)
  const passt = { forwards, isolated, machine, onDown }
  const connect = async () => await cable.join(await startPasst(passt))
  return { nic: new NetDevice({ link, mac, mtu: userMtu }), connect }
}
