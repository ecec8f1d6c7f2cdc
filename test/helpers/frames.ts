import { joinFrame } from '../../src/lib/net/framing.ts'
import { parseMac } from '../../src/lib/wire/ethernet.ts'

/** The machine number `n` of a network 10.40.0.0/24, fd00:1:2:3::/64. */
export function sender(n: number) {
  return {
    mac: mac(n),
    ipv4: (10 << 24) + (40 << 16) + n,
    ipv6Prefix: Uint8Array.of(0xfd, 0, 0, 1, 0, 2, 0, 3),
  }
}

export function mac(n: number): Uint8Array {
  const parsed = parseMac(`52:54:00:00:00:${n.toString(16).padStart(2, '0')}`)
  if (parsed === null) throw new Error(`no machine ${n}`)
  return parsed
}

export const everyone = Uint8Array.of(255, 255, 255, 255, 255, 255)

/** An Ethernet frame with this payload. */
export function ethernet(to: Uint8Array, from: Uint8Array, type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([to, from, Uint8Array.of(type >> 8, type & 255), payload])
}

/** An IPv4 packet without options; checksums are left at zero. */
export function ipv4(source: number, target: number, protocol: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(20)
  header[0] = 0x45
  header.writeUInt16BE(20 + payload.length, 2)
  header[8] = 64
  header[9] = protocol
  header.writeUInt32BE(source, 12)
  header.writeUInt32BE(target, 16)
  return Buffer.concat([header, payload])
}

export function arp(senderMac: Uint8Array, senderIp: number, targetIp: number, operation = 1): Buffer {
  const packet = Buffer.alloc(28)
  packet.writeUInt16BE(1, 0)
  packet.writeUInt16BE(0x0800, 2)
  packet.set([6, 4, 0, operation], 4)
  packet.set(senderMac, 8)
  packet.writeUInt32BE(senderIp, 14)
  packet.writeUInt32BE(targetIp, 24)
  return packet
}

export function ipv6(source: Uint8Array, next: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(40)
  header[0] = 0x60
  header.writeUInt16BE(payload.length, 4)
  header[6] = next
  header.set(source, 8)
  return Buffer.concat([header, payload])
}

/** With its length before it. */
export function framed(frame: Uint8Array): Buffer {
  return joinFrame([frame], frame.length)
}
