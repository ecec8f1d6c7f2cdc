/** DHCP messages: RFC 2131, 2; options: RFC 2132. */
export const messageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const

export const option = {
  subnetMask: 1,
  dns: 6,
  hostName: 12,
  domainName: 15,
  broadcast: 28,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverId: 54,
  domainSearch: 119,
} as const

const fixedBytes = 236
const cookie = 0x63825363
const end = 255
/** Clients may take no less than this (RFC 2131, 2); some drop what is shorter than BOOTP's 300. */
const leastBytes = 300

export interface DhcpRequest {
  /** One of messageType. */
  type: number
  transaction: number
  /** As sent: bit 15 asks for a broadcast. */
  flags: number
  /** The address that the client uses; 0 while it has none. */
  clientAddress: number
  /** The client's MAC address. */
  mac: Buffer
  /** The address that it asks for, and the server it has chosen; null where it says neither. */
  requested: number | null
  server: number | null
}

/** Reads what a client sent over Ethernet; null where it makes no sense. Relays are not answered. */
export function parseDhcp(data: Buffer): DhcpRequest | null {
  if (data.length < fixedBytes + 4 || data[0] !== 1 || data[1] !== 1 || data[2] !== 6) return null
  if (data.readUInt32BE(fixedBytes) !== cookie || data.readUInt32BE(24) !== 0) return null
  const options = parseOptions(data.subarray(fixedBytes + 4))
  const type = options.get(option.messageType)
  if (type?.length !== 1) return null
  const address = (code: number) => {
    const value = options.get(code)
    return value?.length === 4 ? value.readUInt32BE(0) : null
  }
  return {
    type: type[0] ?? 0,
    transaction: data.readUInt32BE(4),
    flags: data.readUInt16BE(10),
    clientAddress: data.readUInt32BE(12),
    mac: Buffer.from(data.subarray(28, 34)),
    requested: address(option.requestedAddress),
    server: address(option.serverId),
  }
}

/** What ends too early or has no end is read as far as it goes. The first of a kind counts. */
function parseOptions(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at] ?? end
    if (code === end) break
    if (code === 0) {
      at += 1
      continue
    }
    const length = bytes[at + 1] ?? 0
    const value = bytes.subarray(at + 2, at + 2 + length)
    if (value.length === length && !found.has(code)) found.set(code, value)
    at += 2 + length
  }
  return found
}

export interface DhcpReply {
  type: number
  /** The address given; 0 in a refusal. */
  yours: number
  options: readonly (readonly [code: number, value: Uint8Array])[]
}

export function encodeDhcp(request: DhcpRequest, reply: DhcpReply): Buffer {
  const fixed = Buffer.alloc(fixedBytes + 4)
  fixed.set([2, 1, 6, 0], 0)
  fixed.writeUInt32BE(request.transaction, 4)
  fixed.writeUInt16BE(request.flags, 10)
  fixed.writeUInt32BE(
    request.type === messageType.request || request.type === messageType.inform ? request.clientAddress : 0,
    12,
  )
  fixed.writeUInt32BE(reply.yours, 16)
  fixed.set(request.mac, 28)
  fixed.writeUInt32BE(cookie, fixedBytes)
  const all: [number, Uint8Array][] = [
    [option.messageType, Uint8Array.of(reply.type)],
    ...reply.options.map(([code, value]): [number, Uint8Array] => [code, value]),
  ]
  const options = all.flatMap(([code, value]) => [Buffer.of(code, value.length), value])
  const packet = Buffer.concat([fixed, ...options, Buffer.of(end)])
  return packet.length >= leastBytes
    ? packet
    : Buffer.concat([packet, Buffer.alloc(leastBytes - packet.length)])
}
