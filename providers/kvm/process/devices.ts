import type { MachineSpec } from '../../../src/provider/index.ts'
import type { VirtioDevice } from '../virtio/device/virtio-device.ts'

/** What a machine's devices hold of the host: files, sockets, helper processes. */
export interface DeviceSet {
  devices: VirtioDevice[]
  /** Flushes and gives back. The guest must not run any more. */
  close(): Promise<void>
}

/** Opens everything that the spec's disks, NICs and channels need. @throws PosadaError for what a user can mend */
export async function openDevices(_spec: MachineSpec): Promise<DeviceSet> {
  const devices: VirtioDevice[] = []
  return {
    devices,
    close: async () => {
      for (const device of devices) {
        await device.reset()
        await device.close()
      }
    },
  }
}
