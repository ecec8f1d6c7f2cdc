import { featureSet } from '../../device/virtio-device.ts'

/** Feature bits (virtio 1.2, §5.1.3). */
export const netFeatures = { mtu: 3, mac: 5, mergeable: 15, status: 16 } as const

export const netOffered = featureSet(
  netFeatures.mtu,
  netFeatures.mac,
  netFeatures.mergeable,
  netFeatures.status,
)

/** mac, status, max_virtqueue_pairs, mtu (§5.1.4). */
export const netConfigLength = 12
export const netFields = { mac: 0, status: 6, queuePairs: 8, mtu: 10 } as const
export const linkUp = 1

/** Bytes of struct virtio_net_hdr: flags, gso_type, four 16-bit fields, num_buffers (§5.1.6). */
export const netHeaderBytes = 12
export const numBuffersField = 10

/** Fills the configuration; `mac` is as `52:54:00:12:34:56`. */
export function netConfig(options: { mac: string; mtu: number; up: boolean }): Buffer {
  const config = Buffer.alloc(netConfigLength)
  const bytes = options.mac.split(':').map((part) => Number.parseInt(part, 16))
  if (bytes.length !== 6 || bytes.some(Number.isNaN)) throw new Error(`not a MAC address: ${options.mac}`)
  config.set(bytes, netFields.mac)
  config.writeUInt16LE(options.up ? linkUp : 0, netFields.status)
  config.writeUInt16LE(1, netFields.queuePairs)
  config.writeUInt16LE(options.mtu, netFields.mtu)
  return config
}
