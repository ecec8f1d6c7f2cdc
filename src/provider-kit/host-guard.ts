import { parseIpv4 } from '../lib/net/ip.ts'
import { userNetwork } from '../lib/net/user-network.ts'
import { etherType, high, headerBytes as ipv4Offset } from '../lib/wire/ethernet.ts'
import { ipv4Addresses, ipv4Frame, protocol } from '../lib/wire/packet.ts'
import { encodeTcp, flag, parseTcp, refusal } from '../lib/wire/tcp.ts'
import type { UserNic } from '../provider/index.ts'
import { answerHostName } from './host-name.ts'

export interface GuardOptions {
  /** Ports of the host's loopback that the guest may reach, by TCP and by UDP; `all` of them. */
  access: 'all' | readonly number[]
  /** Whether it reaches nothing else. */
  isolated: boolean
  /** Ports of the guest that UDP leads to: it may answer whoever wrote to them. */
  udpPorts: readonly number[]
  /**
   * Whether the stack puts fragments together. passt takes each for a packet of its own, and what stands in a later one
   * for its ports; its guests have an MTU that no datagram exceeds.
   */
  reassembles: boolean
  /** Told of what the guest tried and may not, each once, and not of all where that is much. */
  onRefused?: (what: string) => void
}

/** The guard of a machine's NIC. */
export function guardOf(nic: UserNic, stack: Pick<GuardOptions, 'reassembles' | 'onRefused'>): HostGuard {
  const udp = nic.forwards.filter(({ protocol }) => protocol === 'udp')
  const { hostAccess: access = [], isolated = false } = nic
  return new HostGuard({ ...stack, access, isolated, udpPorts: udp.map(({ guestPort }) => guestPort) })
}

/** What becomes of a frame of the guest's; a buffer is the frame that answers it, and it goes no further. */
export type Verdict = 'pass' | 'drop' | Buffer

/** Bytes of a frame that a verdict is made by; what lies behind does not matter. */
export const judgedBytes = 256

/** Where packets go: as a user-mode network stack would take them. */
type Where = 'gateway' | 'dns' | 'subnet' | 'broadcast' | 'loopback' | 'outside'

const gateway = parseIpv4(userNetwork.gateway) ?? 0
const dns = parseIpv4(userNetwork.dns) ?? 0
const limitedBroadcast = 0xffffffff
const ports = { dhcp: 67, dns: 53 } as const
/** Milliseconds that someone who wrote to a forwarded port may be answered; user-mode stacks keep it as long. */
const answerTime = 300_000
const most = { peers: 1024, fragments: 64, told: 32 } as const

/**
 * Stands between a guest and the user-mode network stack that connects it to the world (QEMU's own, or passt). Such a
 * stack takes the gateway for the host's loopback, and a packet to 127.0.0.1 or 0.0.0.0, which any root of a guest can
 * send, reaches it as well: databases, other machines' SSH, whatever trusts local users. All of that is refused, but for
 * the ports that the manifest opens; connections from the host into the guest are answered as ever. What cannot be judged
 * by itself (another protocol, a fragment that hides its ports) does not pass. Frames have no checksum and no tag.
 */
export class HostGuard {
  readonly #options: GuardOptions
  readonly #open: ReadonlySet<number>
  readonly #udpPorts: ReadonlySet<number>
  /** Who wrote to a forwarded port, and when last; the oldest first. */
  readonly #peers = new Map<string, number>()
  /** Identifications of datagrams whose first fragment was let pass. */
  readonly #fragments = new Map<number, true>()
  readonly #told = new Set<string>()

  constructor(options: GuardOptions) {
    this.#options = options
    this.#open = new Set(options.access === 'all' ? [] : options.access)
    this.#udpPorts = new Set(options.udpPorts)
  }

  /** @param head the frame's first `judgedBytes`, or all of a shorter one; the guest can no longer change them */
  fromGuest(head: Buffer): Verdict {
    const type = high(head, 12)
    if (type === etherType.arp) return 'pass'
    if (type !== etherType.ipv4 || head.length < 34 || (head[ipv4Offset] ?? 0) >> 4 !== 4) return 'drop'
    const where = whereIs(head.readUInt32BE(30))
    if (where === 'loopback') return 'drop'
    if (where === 'outside' && !this.#options.isolated) return 'pass'
    const at = ipv4Offset + ((head[ipv4Offset] ?? 0) & 15) * 4
    if (at < 34) return 'drop'
    if (head[23] === protocol.tcp) return this.#tcp(head, at, where)
    if (head[23] === protocol.udp) return this.#udp(head, at, where)
    return head[23] === protocol.icmp && (where === 'gateway' || where === 'dns') ? 'pass' : 'drop'
  }

  /** Takes notice of a frame on its way to the guest. */
  toGuest(frame: Uint8Array): void {
    if (this.#udpPorts.size === 0 || frame.length < 42) return
    const isFirst = (high(frame, 20) & 0x1fff) === 0
    if (high(frame, 12) !== etherType.ipv4 || frame[23] !== protocol.udp || !isFirst) return
    const at = ipv4Offset + ((frame[ipv4Offset] ?? 0) & 15) * 4
    const to = high(frame, at + 2)
    if (!this.#udpPorts.has(to)) return
    const peer = peerKey(high(frame, 26) * 0x10000 + high(frame, 28), high(frame, at), to)
    this.#peers.delete(peer)
    this.#peers.set(peer, performance.now())
    if (this.#peers.size > most.peers) forgetOldest(this.#peers)
  }

  /** Only a SYN begins something; without one the stack has to know the connection. */
  #tcp(head: Buffer, at: number, where: Where): Verdict {
    if (where === 'broadcast' || (high(head, 20) & 0x3fff) !== 0 || head.length < at + 14) return 'drop'
    const begins = ((head[at + 13] ?? 0) & (flag.syn | flag.ack)) === flag.syn
    if (!begins || this.#isOpen(where, high(head, at + 2))) return 'pass'
    this.#tell('TCP', head, at)
    return refuse(head, at)
  }

  #udp(head: Buffer, at: number, where: Where): Verdict {
    const id = high(head, 18)
    if ((high(head, 20) & 0x1fff) !== 0) return this.#fragments.has(id) ? 'pass' : 'drop'
    const isWhole = (high(head, 20) & 0x2000) === 0
    if (head.length < at + 8 || !(isWhole || this.#options.reassembles)) return 'drop'
    const [from, to] = [high(head, at), high(head, at + 2)]
    if ((where === 'broadcast' || where === 'gateway') && to === ports.dhcp) return isWhole ? 'pass' : 'drop'
    const answer = where === 'dns' && this.#knowsHost ? answerHostName(head) : null
    if (answer !== null) return answer
    if (!this.#isOpen(where, to) && !this.#mayAnswer(peerKey(head.readUInt32BE(30), to, from))) {
      this.#tell('UDP', head, at)
      return 'drop'
    }
    if (!isWhole) this.#fragments.set(id, true)
    if (this.#fragments.size > most.fragments) forgetOldest(this.#fragments)
    return 'pass'
  }

  /** Whether there is anything of the host to reach by its name. */
  get #knowsHost(): boolean {
    return this.#options.access === 'all' || this.#open.size > 0
  }

  #isOpen(where: Where, port: number): boolean {
    const { access, isolated } = this.#options
    if (where === 'gateway') return access === 'all' || this.#open.has(port)
    if (where === 'dns') return port === ports.dns && !isolated
    return where === 'outside' && !isolated
  }

  #mayAnswer(peer: string): boolean {
    const at = this.#peers.get(peer)
    return at !== undefined && performance.now() - at < answerTime
  }

  #tell(by: string, head: Buffer, at: number): void {
    const target = [...head.subarray(30, 34)].join('.')
    const what = `${target}:${high(head, at + 2)} by ${by}`
    if (this.#told.has(what) || this.#told.size === most.told) return
    this.#told.add(what)
    this.#options.onRefused?.(what)
  }
}

/** 0.0.0.0/8 is this host as 127.0.0.0/8 is, for connect(2) (RFC 1122, 3.2.1.3). */
function whereIs(address: number): Where {
  if (address === gateway) return 'gateway'
  if (address === dns) return 'dns'
  if (address === limitedBroadcast) return 'broadcast'
  if (address >>> 24 === 127 || address >>> 24 === 0) return 'loopback'
  return address >>> 8 === gateway >>> 8 ? 'subnet' : 'outside'
}

/** Tells the guest at once that nothing listens there; a SYN that is lost would be sent for two minutes. */
function refuse(head: Buffer, at: number): Verdict {
  const segment = parseTcp(head.subarray(at))
  const answer = segment === null ? null : refusal(segment)
  if (answer === null) return 'drop'
  const [from, to] = [head.readUInt32BE(30), head.readUInt32BE(26)]
  const way = { fromMac: head.subarray(0, 6), toMac: head.subarray(6, 12), from, to }
  return ipv4Frame(way, protocol.tcp, encodeTcp(answer, ipv4Addresses(from, to)))
}

function peerKey(address: number, port: number, guestPort: number): string {
  return `${address} ${port} ${guestPort}`
}

function forgetOldest<Key>(known: Map<Key, unknown>): void {
  for (const key of known.keys()) {
    known.delete(key)
    return
  }
}
