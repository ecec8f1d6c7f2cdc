import type { MachineSpec } from '../../../src/provider/index.ts'
import { guardOf } from '../../../src/provider-kit/index.ts'
import { GuardedLink } from '../net/guarded-link.ts'
import { LimitedLink } from '../net/limited-link.ts'
import { ListeningLink } from '../net/listening-link.ts'
import { userMtu } from '../net/passt.ts'
import { NetDevice } from '../virtio/devices/net/device.ts'
import type { Log } from './machine-log.ts'
import type { OpenUplink } from './uplink.ts'

/** Opens the host's end of a device. */
export type Connect = () => Promise<void>

/** Bytes of the largest packet between machines: plain Ethernet's, which every guest takes. */
const switchMtu = 1500

export interface NicHost {
  log: Log
  carried: { received: number; sent: number }
  /** To passt; null: the machine has no way out. */
  uplink: OpenUplink | null
  /** Bits a second of the way out, each way; null: as many as there are. */
  bandwidth: number | null
}

/** A NIC of a machine, and what connects it, which may be done while the guest runs. */
export function makeNic(
  nic: MachineSpec['nics'][number],
  { log, carried, uplink, bandwidth }: NicHost,
): { nic: NetDevice; connect: Connect } {
  const { mac } = nic
  if (nic.kind === 'switch') {
    const link = new ListeningLink(nic.socket)
    return { nic: new NetDevice({ link, mac, mtu: switchMtu }), connect: () => link.listen() }
  }
  if (uplink === null) throw new Error('a NIC to the outside without a descriptor that leads there')
  const onRefused = (what: string) => log(`network: the guest may not reach ${what}: see host_access`)
  const end = uplink.link.plug()
  const cable = bandwidth === null ? end : new LimitedLink(end, bandwidth)
  const link = new GuardedLink(cable, guardOf(nic, { reassembles: false, onRefused }), carried)
  return { nic: new NetDevice({ link, mac, mtu: userMtu }), connect: () => uplink.ready }
}
