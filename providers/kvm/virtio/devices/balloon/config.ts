import { featureSet } from '../../device/virtio-device.ts'

/** Feature bits (virtio 1.2, §5.5.3). */
export const balloonFeatures = { statistics: 1, deflateOnOom: 2, reporting: 5 } as const

export const balloonOffered = featureSet(
  balloonFeatures.statistics,
  balloonFeatures.deflateOnOom,
  balloonFeatures.reporting,
)

/** The balloon counts in pages of 4 KiB, whatever the guest's are (§5.5.6). */
export const balloonPage = 4096

/** num_pages, actual, free_page_hint_cmd_id, poison_val, 32 bits each (§5.5.4). */
export const balloonConfigLength = 16
export const balloonFields = { target: 0, actual: 4 } as const

/** Tags of the statistics (§5.5.6.4), under the names the machine's status shows. */
export const statisticTags = [
  'swapIn',
  'swapOut',
  'majorFaults',
  'minorFaults',
  'free',
  'total',
  'available',
  'diskCaches',
  'hugetlbAllocations',
  'hugetlbFailures',
] as const

/** What the guest says of its memory: bytes, or numbers of events. A hostile guest says anything. */
export type BalloonStatistics = Partial<Record<(typeof statisticTags)[number], number>>

/** Reads pairs of 16-bit tag and 64-bit value; unknown tags are left out (§5.5.6.3). */
export function parseStatistics(bytes: Uint8Array): BalloonStatistics {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const statistics: BalloonStatistics = {}
  for (let at = 0; at + 10 <= view.length; at += 10) {
    const name = statisticTags[view.readUInt16LE(at)]
    if (name !== undefined) statistics[name] = Number(view.readBigUInt64LE(at + 2))
  }
  return statistics
}
