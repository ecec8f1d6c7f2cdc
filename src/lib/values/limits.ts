import { formatRate } from './link-units.ts'
import { formatSize } from './units.ts'

/** The most that a machine may use of what it shares with others; null: as much as there is. */
export interface Limits {
  /** Of all its disks together: requests and bytes a second, read and written. */
  disk: { iops: number | null; bandwidth: number | null }
  /** Of its way to the outside world: bits a second, each way. */
  network: { bandwidth: number | null }
}

export const noLimits: Limits = { disk: { iops: null, bandwidth: null }, network: { bandwidth: null } }

export function hasLimits({ disk, network }: Limits): boolean {
  return [disk.iops, disk.bandwidth, network.bandwidth].some((limit) => limit !== null)
}

/** `disk 500 requests/s, network 10mbit`; `none`. */
export function formatLimits({ disk, network }: Limits): string {
  const { iops, bandwidth } = disk
  const parts = [
    ...(iops === null ? [] : [`disk ${iops} requests/s`]),
    ...(bandwidth === null ? [] : [`disk ${formatSize(bandwidth)}/s`]),
    ...(network.bandwidth === null ? [] : [`network ${formatRate(network.bandwidth)}`]),
  ]
  return parts.join(', ') || 'none'
}
