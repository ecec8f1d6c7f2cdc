import type { MachineSpec, MediumSpec } from '../../../src/provider/index.ts'
import { openDisk } from '../disk/open-disk.ts'
import { kvmFiles } from '../files.ts'
import { ListeningLink } from '../net/listening-link.ts'
import { startPasst, userNetwork } from '../net/passt.ts'
import type { VirtioDevice } from '../virtio/device/virtio-device.ts'
import { BalloonDevice } from '../virtio/devices/balloon/device.ts'
import { BlkDevice } from '../virtio/devices/blk/device.ts'
import { ConsoleDevice } from '../virtio/devices/console/device.ts'
import type { PortBackend } from '../virtio/devices/console/port-backend.ts'
import { UnixPort } from '../virtio/devices/console/unix-port.ts'
import { NetDevice } from '../virtio/devices/net/device.ts'
import { RngDevice } from '../virtio/devices/rng/device.ts'
import { VsockDevice } from '../virtio/devices/vsock/device.ts'
import { VsockHost } from '../virtio/devices/vsock/host-side.ts'

/** What a machine's devices hold of the host: files, sockets, helper processes. */
export interface DeviceSet {
  devices: VirtioDevice[]
  /** One of them. */
  balloon: BalloonDevice
  /** Whether a guest agent listens in the guest. */
  hasAgent(): boolean
  /** Flushes and gives back. The guest must not run any more. */
  close(): Promise<void>
}

/** Bytes of the largest packet between machines: plain Ethernet's, which every guest takes. */
const switchMtu = 1500

/** Every machine has sockets of its own, so all guests can have the same address. */
const guestCid = 3
/** As QEMU's guest agent looks for it. */
const agentPort = 'org.qemu.guest_agent.0'

type Log = (message: string) => void

/**
 * Opens everything that the spec's disks, NICs and channels need; the disks come first, so that the first
 * is vda. Leaves nothing open when it fails. @throws PosadaError for what a user can mend
 */
export async function openDevices(spec: MachineSpec, log: Log = () => undefined): Promise<DeviceSet> {
  const devices: VirtioDevice[] = []
  const balloon = new BalloonDevice()
  const close = async () => {
    for (const device of devices.splice(0)) {
      await device.reset()
      await device.close()
    }
  }
  try {
    for (const disk of spec.disks) devices.push(openBlk(disk, log))
    for (const medium of spec.media ?? []) devices.push(openMedium(medium, log))
    for (const nic of spec.nics) devices.push(await openNet(spec, nic, log))
    const channels = new ConsoleDevice(await openChannels(spec))
    devices.push(channels, new RngDevice(), balloon)
    devices.push(new VsockDevice(guestCid, await VsockHost.listen(kvmFiles(spec).vsock)))
    return { devices: [...devices], balloon, hasAgent: () => channels.isOpen(agentPort), close }
  } catch (error) {
    await close()
    throw error
  }
}

function openBlk(spec: MachineSpec['disks'][number], log: Log): BlkDevice {
  const base = spec.base === undefined ? {} : { base: spec.base }
  const disk = openDisk({ path: spec.path, format: 'qcow2', readOnly: false, ...base })
  return new BlkDevice({ disk, id: spec.name, onError: (error) => log(`disk ${spec.name}: ${error}`) })
}

function openMedium({ name, path }: MediumSpec, log: Log): BlkDevice {
  const disk = openDisk({ path, format: 'raw', readOnly: true })
  return new BlkDevice({ disk, id: name, onError: (error) => log(`medium ${name}: ${error}`) })
}

async function openNet(spec: MachineSpec, nic: MachineSpec['nics'][number], log: Log): Promise<NetDevice> {
  if (nic.kind === 'switch') {
    const link = await ListeningLink.listen(nic.socket)
    return new NetDevice({ link, mac: nic.mac, mtu: switchMtu })
  }
  const onDown = (reason: string) => log(`network: ${reason}`)
  const link = await startPasst({ forwards: nic.forwards, machine: spec.name, onDown })
  return new NetDevice({ link, mac: nic.mac, mtu: userNetwork.mtu })
}

/** The named ports of every machine, in the order in which QEMU's has them. */
async function openChannels(spec: MachineSpec): Promise<PortBackend[]> {
  const { ready, agent } = kvmFiles(spec)
  const first = await UnixPort.listen('org.posada.ready.0', ready)
  try {
    return [first, await UnixPort.listen(agentPort, agent)]
  } catch (error) {
    await first.close()
    throw error
  }
}
