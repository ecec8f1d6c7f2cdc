import type { MachineSpec } from '../../../src/provider/index.ts'
import { guardOf } from '../../../src/provider-kit/index.ts'
import type { Disk } from '../disk/disk.ts'
import { type DiskFile, openDisk } from '../disk/open-disk.ts'
import { kvmFiles } from '../files.ts'
import { GuardedLink } from '../net/guarded-link.ts'
import { LateLink } from '../net/late-link.ts'
import { ListeningLink } from '../net/listening-link.ts'
import { startPasst, userMtu } from '../net/passt.ts'
import type { VirtioDevice } from '../virtio/device/virtio-device.ts'
import { BalloonDevice } from '../virtio/devices/balloon/device.ts'
import { BlkDevice } from '../virtio/devices/blk/device.ts'
import { ConsoleDevice } from '../virtio/devices/console/device.ts'
import { UnixPort } from '../virtio/devices/console/unix-port.ts'
import { NetDevice } from '../virtio/devices/net/device.ts'
import { RngDevice } from '../virtio/devices/rng/device.ts'
import { VsockDevice } from '../virtio/devices/vsock/device.ts'
import { VsockHost } from '../virtio/devices/vsock/host-side.ts'
import { allDone } from './all-done.ts'

/** A machine's devices, and what they hold on the host: files, sockets, helper processes. */
export interface DeviceSet {
  devices: VirtioDevice[]
  /** One of them. */
  balloon: BalloonDevice
  /** Whether a guest agent listens in the guest. */
  hasAgent(): boolean
  /**
   * Opens the host's ends of NICs and channels, while the guest may run already: they are not answered yet. Once
   * only. @throws PosadaError for what a user can fix
   */
  connect(): Promise<void>
  /** Lets the guest reach its disks, whose requests have waited. */
  releaseDisks(): void
  /** Tries again what the host had no room for. */
  retry(): void
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
type Connect = () => Promise<void>

export interface OpenOptions {
  log: Log
  /** A disk has no room on the host; its requests wait for `retry`. */
  onNoSpace: () => void
}

/**
 * Makes the devices that the spec asks for, with its disks open; the disks come first, so that the first is vda. Leaves
 * nothing open when it fails. @throws PosadaError for what a user can fix
 */
export function openDevices(spec: MachineSpec, { log, onNoSpace }: OpenOptions): DeviceSet {
  let releaseDisks: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    releaseDisks = resolve
  })
  const disks = openDisks(spec, { log, onNoSpace, heldUntil: released })
  const nics = spec.nics.map((nic) => makeNic(spec, nic, log))
  const { ready, agent, vsock } = kvmFiles(spec)
  // In the order in which QEMU's machines have them.
  const ports = [new UnixPort('org.posada.ready.0', ready), new UnixPort(agentPort, agent)]
  const channels = new ConsoleDevice(ports)
  const balloon = new BalloonDevice()
  const host = new VsockHost(vsock)
  const devices = [
    ...[...disks, ...nics.map(({ nic }) => nic)],
    ...[channels, new RngDevice(), balloon, new VsockDevice(guestCid, host)],
  ]
  const ends: Connect[] = [
    ...nics.map(({ connect }) => connect),
    ...[...ports, host].map((end) => () => end.listen()),
  ]
  return {
    devices,
    balloon,
    hasAgent: () => channels.isOpen(agentPort),
    connect: () => allDone(ends.map((connect) => connect())),
    releaseDisks,
    retry() {
      for (const disk of disks) disk.retry()
    },
    // One that fails keeps none of the others open.
    close: () =>
      allDone(
        devices.splice(0).map(async (device) => {
          await device.reset()
          await device.close()
        }),
      ),
  }
}

function openDisks(
  spec: MachineSpec,
  { log, ...options }: OpenOptions & { heldUntil: Promise<void> },
): BlkDevice[] {
  const opened: Disk[] = []
  const open = (file: DiskFile): Disk => {
    const disk = openDisk(file)
    opened.push(disk)
    return disk
  }
  try {
    const disks = spec.disks.map(({ name, path, base }) => {
      const disk = open({ path, format: 'qcow2', readOnly: false, ...(base === undefined ? {} : { base }) })
      return new BlkDevice({ disk, id: name, ...options, onError: (error) => log(`disk ${name}: ${error}`) })
    })
    const media = (spec.media ?? []).map(({ name, path }) => {
      const disk = open({ path, format: 'raw', readOnly: true })
      return new BlkDevice({
        disk,
        id: name,
        ...options,
        onError: (error) => log(`medium ${name}: ${error}`),
      })
    })
    return [...disks, ...media]
  } catch (error) {
    for (const disk of opened) disk.close()
    throw error
  }
}

function makeNic(
  spec: MachineSpec,
  nic: MachineSpec['nics'][number],
  log: Log,
): { nic: NetDevice; connect: Connect } {
  const { mac } = nic
  if (nic.kind === 'switch') {
    const link = new ListeningLink(nic.socket)
    return { nic: new NetDevice({ link, mac, mtu: switchMtu }), connect: () => link.listen() }
  }
  const cable = new LateLink()
  const onRefused = (what: string) => log(`network: the guest may not reach ${what}: see host_access`)
  const link = new GuardedLink(cable, guardOf(nic, { reassembles: false, onRefused }))
  const { forwards, isolated = false } = nic
  const onDown = (reason: string) => log(`network: ${reason}`)
  const passt = { forwards, isolated, machine: spec.name, onDown }
  const connect = async () => await cable.join(await startPasst(passt))
  return { nic: new NetDevice({ link, mac, mtu: userMtu }), connect }
}
