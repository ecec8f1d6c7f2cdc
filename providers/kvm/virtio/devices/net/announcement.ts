import { broadcast, etherType } from '../../../../../src/lib/wire/ethernet.ts'

/** Bytes of the smallest frame without its checksum (IEEE 802.3, §3.2.8). */
const smallest = 60

/**
 * A frame by which whoever hears it learns where a guest is, and nothing of its addresses: an ARP answer (RFC 826) to
 * everyone, without an address, that was not asked for.
 *
 * @param mac 6 bytes
 */
export function announcement(mac: Uint8Array): Buffer {
  const frame = Buffer.alloc(smallest)
  frame.set(broadcast, 0)
  frame.set(mac, 6)
  frame.writeUInt16BE(etherType.arp, 12)
  // Ethernet and IPv4, whose addresses have 6 and 4 bytes; an answer; the guest's MAC and no address; everyone and none.
  frame.set([0, 1, 8, 0, 6, 4, 0, 2], 14)
  frame.set(mac, 22)
  frame.set(broadcast, 32)
  return frame
}
