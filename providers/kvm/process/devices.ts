import { noLimits } from '../../../src/lib/values/limits.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { kvmFiles } from '../files.ts'
import type { VirtioDevice } from '../virtio/device/virtio-device.ts'
import { BalloonDevice } from '../virtio/devices/balloon/device.ts'
import { diskThrottle } from '../virtio/devices/blk/throttle.ts'
import { ConsoleDevice } from '../virtio/devices/console/device.ts'
import { UnixPort } from '../virtio/devices/console/unix-port.ts'
import { FsDevice } from '../virtio/devices/fs/device.ts'
import { RngDevice } from '../virtio/devices/rng/device.ts'
import { VsockDevice } from '../virtio/devices/vsock/device.ts'
import { VsockHost } from '../virtio/devices/vsock/host-side.ts'
import { allDone } from './all-done.ts'
import { type Connect, makeNic } from './make-nic.ts'
import { type DiskOptions, openDisks } from './open-disks.ts'
import type { OpenShare } from './shares.ts'
import type { OpenUplink } from './uplink.ts'

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

/** Bytes since the machine was started, whatever became of its guests. */
export interface DeviceCounters {
  disk: { read: number; written: number }
  /** Of the NIC that leads to the outside world. */
  network: { received: number; sent: number }
}

/** Every machine has sockets of its own, so all guests can have the same address. */
const guestCid = 3
/** As QEMU's guest agent looks for it. */
const agentPort = 'org.qemu.guest_agent.0'

interface DeviceOptions extends Pick<DiskOptions, 'log' | 'onNoSpace'> {
  counters: DeviceCounters
  uplink: OpenUplink | null
  shares: readonly OpenShare[]
}

/**
 * Makes the devices that the spec asks for, with its disks open; the disks come first, so that the first is vda. Leaves
 * nothing open when it fails. @throws PosadaError for what a user can fix
 */
export function openDevices(
  spec: MachineSpec,
  { log, onNoSpace, counters, uplink, shares }: DeviceOptions,
): DeviceSet {
  let releaseDisks: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    releaseDisks = resolve
  })
  const { limits = noLimits } = spec
  const throttle = diskThrottle(limits.disk)
  const disks = openDisks(spec, { log, onNoSpace, heldUntil: released, transferred: counters.disk, throttle })
  const { bandwidth } = limits.network
  const nics = spec.nics.map((nic) => makeNic(nic, { log, carried: counters.network, uplink, bandwidth }))
  const { ready, agent, vsock } = kvmFiles(spec)
  // In the order in which QEMU's machines have them.
  const ports = [new UnixPort('org.posada.ready.0', ready), new UnixPort(agentPort, agent)]
  const channels = new ConsoleDevice(ports)
  const balloon = new BalloonDevice()
  const host = new VsockHost(vsock)
  const devices = [
    ...[...disks, ...nics.map(({ nic }) => nic)],
    ...[channels, new RngDevice(), balloon, new VsockDevice(guestCid, host)],
    ...shares.map(({ tag, backEnd }) => new FsDevice(tag, backEnd)),
  ]
  const ends: Connect[] = [
    ...nics.map(({ connect }) => connect),
    ...[...ports, host].map((end) => () => end.listen()),
    ...shares.map(
      ({ ready }) =>
        () =>
          ready,
    ),
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
