import { checksum, pseudoHeader } from '../wire/checksum.ts'
import { broadcast as everyone } from '../wire/ethernet.ts'
import {
  type Ipv4Packet,
  ipv4Addresses,
  ipv4Frame,
  parseIpv4Packet,
  parseUdp,
  protocol,
  udpDatagram,
} from '../wire/packet.ts'
import { answerDhcp, type Reservations } from './dhcp.ts'
import { answerDns, type Resolver } from './dns.ts'
import { answerArp, answerIcmpv6, type Host } from './neighbours.ts'

export interface ServicesOptions {
  network: string
  host: Host
  reservations: Reservations
  resolver: Resolver
}

const port = { dns: 53, dhcpServer: 67, dhcpClient: 68 } as const

/** The MAC address of the services of every network: locally administered, nobody else's. */
export const servicesMac = Uint8Array.of(0x02, 0x50, 0x4f, 0x53, 0x41, 0x44)

/**
 * What a network offers at its first address: ARP and neighbour discovery, echo, DHCP, names. Takes a
 * machine's frame and says what to answer; nothing that a guest sends makes it throw.
 */
export class Services {
  readonly #options: ServicesOptions

  constructor(options: ServicesOptions) {
    this.#options = options
  }

  /** Answers frame by frame; `reply` may be called later, once, for a name that is looked up outside. */
  receive(machine: string, frame: Buffer, reply: (frame: Buffer) => void): void {
    const { host } = this.#options
    const quick = answerArp(frame, host) ?? answerIcmpv6(frame, host)
    if (quick !== null) {
      reply(quick)
      return
    }
    const packet = parseIpv4Packet(frame)
    if (packet === null) return
    if (packet.protocol === protocol.udp) this.#udp(machine, packet, reply)
    else if (packet.target !== host.ipv4) return
    else if (packet.protocol === protocol.icmp) this.#echo(packet, reply)
    else if (packet.protocol === protocol.tcp) this.#refuseTcp(packet, reply)
  }

  #udp(machine: string, packet: Ipv4Packet, reply: (frame: Buffer) => void): void {
    const { host, reservations, resolver, network } = this.#options
    const datagram = parseUdp(packet.payload)
    if (datagram === null) return
    if (datagram.to === port.dhcpServer) {
      const answer = answerDhcp(datagram.data, reservations)
      if (answer === null) return
      const to = answer.broadcast ? 0xffffffff : answer.to
      const ports = { from: port.dhcpServer, to: port.dhcpClient }
      reply(this.#datagram(answer.broadcast ? everyone : packet.mac, to, ports, answer.data))
    } else if (datagram.to === port.dns && packet.target === host.ipv4) {
      const data = Buffer.from(datagram.data)
      const [mac, ports] = [Uint8Array.from(packet.mac), { from: port.dns, to: datagram.from }]
      const send = (answer: Buffer | null) => {
        if (answer !== null) reply(this.#datagram(mac, packet.source, ports, answer))
      }
      // Without an answer the guest asks again, or another server.
      answerDns(data, { machine, network }, resolver).then(send, () => undefined)
    }
  }

  #datagram(mac: Uint8Array, to: number, ports: { from: number; to: number }, data: Buffer): Buffer {
    const { host } = this.#options
    const payload = udpDatagram(ports, ipv4Addresses(host.ipv4, to), data)
    return ipv4Frame({ fromMac: host.mac, toMac: mac, from: host.ipv4, to }, protocol.udp, payload)
  }

  /** RFC 792. */
  #echo({ mac, source, payload }: Ipv4Packet, reply: (frame: Buffer) => void): void {
    if (payload.length < 8 || payload[0] !== 8 || checksum(payload, 0, payload.length) !== 0) return
    const message = Buffer.from(payload)
    message[0] = 0
    message.writeUInt16BE(0, 2)
    message.writeUInt16BE(checksum(message, 0, message.length), 2)
    reply(this.#back(mac, source, protocol.icmp, message))
  }

  /** Nothing here listens on TCP, and whoever tries is told at once (RFC 9293, 3.10.7.1). */
  #refuseTcp({ mac, source, payload }: Ipv4Packet, reply: (frame: Buffer) => void): void {
    const isSyn = payload.length >= 20 && ((payload[13] ?? 0) & 0x17) === 0x02
    if (!isSyn) return
    const segment = Buffer.alloc(20)
    segment.set(payload.subarray(2, 4), 0)
    segment.set(payload.subarray(0, 2), 2)
    segment.writeUInt32BE((payload.readUInt32BE(4) + 1) >>> 0, 8)
    segment.set([0x50, 0x14], 12)
    const addresses = ipv4Addresses(this.#options.host.ipv4, source)
    segment.writeUInt16BE(checksum(segment, 0, 20, pseudoHeader(addresses, protocol.tcp, 20)), 16)
    reply(this.#back(mac, source, protocol.tcp, segment))
  }

  #back(mac: Uint8Array, to: number, protocolNumber: number, payload: Buffer): Buffer {
    const { host } = this.#options
    return ipv4Frame({ fromMac: host.mac, toMac: mac, from: host.ipv4, to }, protocolNumber, payload)
  }
}
