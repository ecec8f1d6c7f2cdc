import type { Machine } from '../vm/machine.ts'
import { allDone } from './all-done.ts'
import type { DeviceSet } from './devices.ts'
import type { Plugged } from './plug-devices.ts'

export interface Powered {
  machine: Pick<Machine, 'close'>
  devices: Pick<DeviceSet, 'close'>
  plugged: Pick<Plugged, 'unplug'>
}

/**
 * Cuts a guest's power. Its disks are written back and closed whatever its vCPUs do, which on a host under load may take
 * their time to stop; all that they reach of the devices by then is nothing.
 */
export async function powerOff({ machine, devices, plugged }: Powered): Promise<void> {
  plugged.unplug()
  await allDone([devices.close(), machine.close()])
}
