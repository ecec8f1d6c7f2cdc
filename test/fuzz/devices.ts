import { join } from 'node:path'
import { openDisk } from '../../providers/kvm/disk/open-disk.ts'
import { createOverlay } from '../../providers/kvm/disk/qcow2/create.ts'
import type { FrameEvents, FrameLink } from '../../providers/kvm/net/frame-link.ts'
import type { VirtioDevice } from '../../providers/kvm/virtio/device/virtio-device.ts'
import { BalloonDevice } from '../../providers/kvm/virtio/devices/balloon/device.ts'
import { BlkDevice } from '../../providers/kvm/virtio/devices/blk/device.ts'
import { ConsoleDevice } from '../../providers/kvm/virtio/devices/console/device.ts'
import { UnixPort } from '../../providers/kvm/virtio/devices/console/unix-port.ts'
import { NetDevice } from '../../providers/kvm/virtio/devices/net/device.ts'
import { RngDevice } from '../../providers/kvm/virtio/devices/rng/device.ts'
import { VsockDevice } from '../../providers/kvm/virtio/devices/vsock/device.ts'
import { VsockHost } from '../../providers/kvm/virtio/devices/vsock/host-side.ts'

/** A link that answers every frame with itself and one more. */
class EchoLink implements FrameLink {
  readonly up = true
  #events: FrameEvents | null = null
  start(events: FrameEvents): void {
    this.#events = events
  }
  send(frame: readonly Uint8Array[]): boolean {
    const bytes = Buffer.concat(frame)
    setImmediate(() => {
      this.#events?.frame(bytes)
      this.#events?.frame(Buffer.alloc(3000, 5))
    })
    return true
  }
  resume(): void {
    // It never paused.
  }
  async close(): Promise<void> {
    this.#events = null
  }
}

const fail = (error: unknown) => {
  throw error
}

/** Each kind of device whose queues are served here, with what it has of the host in a folder. */
export const makers: Record<string, (folder: string) => Promise<VirtioDevice>> = {
  blk: async (folder) => {
    createOverlay(join(folder, 'disk'), { size: 2 ** 20 })
    const disk = openDisk({ path: join(folder, 'disk'), format: 'qcow2', readOnly: false })
    const transferred = { read: 0, written: 0 }
    return new BlkDevice({ disk, id: 'fuzz', transferred, onError: fail, onNoSpace: fail })
  },
  net: async () => new NetDevice({ link: new EchoLink(), mac: '52:54:00:00:00:01', mtu: 1500 }),
  rng: async () => new RngDevice(),
  balloon: async () => new BalloonDevice(),
  console: async (folder) => {
    const port = new UnixPort('org.posada.test.0', join(folder, 'port'))
    await port.listen()
    return new ConsoleDevice([port])
  },
  vsock: async (folder) => {
    const host = new VsockHost(join(folder, 'vsock'))
    await host.listen()
    return new VsockDevice(3, host)
  },
}
