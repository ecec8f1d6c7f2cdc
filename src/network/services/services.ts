import { checksum } from '../../lib/wire/checksum.ts'
import { broadcast as everyone } from '../../lib/wire/ethernet.ts'
import {
  type Ipv4Packet,
  ipv4Addresses,
  ipv4Frame,
  parseIpv4Packet,
  parseUdp,
  protocol,
  udpDatagram,
} from '../../lib/wire/packet.ts'
import { encodeTcp, parseTcp, refusal, type TcpSegment } from '../../lib/wire/tcp.ts'
import { answerDhcp, type Reservations } from './dhcp.ts'
import { answerDns, type Resolver } from './dns.ts'
import { DnsOverTcp } from './dns-tcp.ts'
import { answerArp, answerIcmpv6, type Host } from './neighbours.ts'

export interface ServicesOptions {
  network: string
  host: Host
  reservations: Reservations
  resolver: Resolver
}

/** Whom an answer goes to. */
interface Asker {
  mac: Uint8Array
  /** IPv4 address. */
  to: number
}

const port = { dns: 53, dhcpServer: 67, dhcpClient: 68 } as const

/** The MAC address of the services of every network: locally administered, no one else's. */
export const servicesMac = Uint8Array.of(0x02, 0x50, 0x4f, 0x53, 0x41, 0x44)

/**
 * What a network offers at its first address: ARP and neighbour discovery, echo, DHCP, names. Takes a
 * machine's frame and says what to answer; nothing that a guest sends makes it throw.
 */
export class Services {
  readonly #options: ServicesOptions
  readonly #dnsOverTcp: DnsOverTcp

  constructor(options: ServicesOptions) {
    this.#options = options
    const { network, resolver } = options
    this.#dnsOverTcp = new DnsOverTcp((machine, question) =>
      answerDns(question, { machine, network, over: 'tcp' }, resolver),
    )
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
    else if (packet.protocol === protocol.tcp) this.#tcp(machine, packet, reply)
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
      reply(this.#datagram({ mac: answer.broadcast ? everyone : packet.mac, to }, ports, answer.data))
    } else if (datagram.to === port.dns && packet.target === host.ipv4) {
      const data = Buffer.from(datagram.data)
      const [mac, ports] = [Uint8Array.from(packet.mac), { from: port.dns, to: datagram.from }]
      const send = (answer: Buffer | null) => {
        if (answer !== null) reply(this.#datagram({ mac, to: packet.source }, ports, answer))
      }
      // Without an answer the guest asks again, or another server.
      answerDns(data, { machine, network, over: 'udp' }, resolver).then(send, () => undefined)
    }
  }

  #datagram(asker: Asker, ports: { from: number; to: number }, data: Buffer): Buffer {
    const payload = udpDatagram(ports, ipv4Addresses(this.#options.host.ipv4, asker.to), data)
    return this.#back(asker, protocol.udp, payload)
  }

  /** RFC 792. */
  #echo({ mac, source, payload }: Ipv4Packet, reply: (frame: Buffer) => void): void {
    if (payload.length < 8 || payload[0] !== 8 || checksum(payload) !== 0) return
    const message = Buffer.from(payload)
    message[0] = 0
    message.writeUInt16BE(0, 2)
    message.writeUInt16BE(checksum(message), 2)
    reply(this.#back({ mac, to: source }, protocol.icmp, message))
  }

  /** Only names are told over TCP; whoever tries another port is refused at once. */
  #tcp(machine: string, { mac, source, payload }: Ipv4Packet, reply: (frame: Buffer) => void): void {
    const segment = parseTcp(payload)
    if (segment === null) return
    const asker = { mac: Uint8Array.from(mac), to: source }
    const addresses = ipv4Addresses(this.#options.host.ipv4, source)
    const send = (back: TcpSegment) => reply(this.#back(asker, protocol.tcp, encodeTcp(back, addresses)))
    if (segment.to === port.dns) {
      this.#dnsOverTcp.receive({ machine, source }, segment, send)
      return
    }
    const no = refusal(segment)
    if (no !== null) send(no)
  }

  #back({ mac, to }: Asker, protocolNumber: number, payload: Buffer): Buffer {
    const { host } = this.#options
    return ipv4Frame({ fromMac: host.mac, toMac: mac, from: host.ipv4, to }, protocolNumber, payload)
  }
}
