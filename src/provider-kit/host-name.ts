import { parseIpv4 } from '../lib/net/ip.ts'
import { hostName, userNetwork } from '../lib/net/user-network.ts'
import { code, encodeAnswer, parseQuestion, recordType } from '../lib/wire/dns-message.ts'
import {
  ipv4Addresses,
  ipv4Frame,
  parseIpv4Packet,
  parseUdp,
  protocol,
  udpDatagram,
} from '../lib/wire/packet.ts'

const dnsPort = 53

/** The answer, as a frame, to a DNS question for the host's name; null for any other frame, or one that is not whole. */
export function answerHostName(frame: Buffer): Buffer | null {
  const packet = parseIpv4Packet(frame)
  const udp = packet?.protocol === protocol.udp ? parseUdp(packet.payload) : null
  const question = udp === null ? null : parseQuestion(udp.data, 'udp')
  if (packet === null || udp?.to !== dnsPort || question?.name !== hostName) return null
  const isAsked = question.type === recordType.a || question.type === recordType.any
  const address = Buffer.alloc(4)
  address.writeUInt32BE(parseIpv4(userNetwork.gateway) ?? 0)
  const answer = encodeAnswer(question, code.ok, isAsked ? [{ type: recordType.a, data: address }] : [])
  const way = { fromMac: frame.subarray(0, 6), toMac: packet.mac, from: packet.target, to: packet.source }
  const addresses = ipv4Addresses(way.from, way.to)
  return ipv4Frame(way, protocol.udp, udpDatagram({ from: udp.to, to: udp.from }, addresses, answer))
}
