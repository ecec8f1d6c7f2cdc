import { TokenBucket } from '../../lib/async/token-bucket.ts'
import { parseIpv4 } from '../../lib/net/ip.ts'
import { parseMac } from '../../lib/wire/ethernet.ts'
import type { Member, NetworkDefinition } from '../config.ts'
import { type Counters, countDrop, type DropReason } from '../link/counters.ts'
import { type Burst, Switch } from '../link/switch.ts'
import type { Resolver } from '../services/dns.ts'
import { routerAdvertisement } from '../services/neighbours.ts'
import { type Services, servicesMac } from '../services/services.ts'
import { Carrier, type LanTap, type Seat } from './carrier.ts'
import { hostOf, servicesOf } from './network-services.ts'
import { PortLink } from './port-link.ts'
import { ShapedLinks } from './shaped-links.ts'

export interface LanOptions {
  project: string
  /** Milliseconds that a sender waits for a receiver that is full, where it is not the usual time. */
  patience?: number
  resolver: Resolver
  /** A machine's link came or went. */
  changed(machine: string, up: boolean): void
  refused(machine: string, reason: DropReason): void
  tap: LanTap
}

export interface MemberStatus {
  machine: string
  mac: string
  ipv4: string
  ipv6: string
  linked: boolean
  counters: Counters
}

/** Questions to the services that a machine may put in a second. */
const questionsPerSecond = 2000
/** One network and who is on it: its machines, the switch between them, the services, the conditions of its links. */
export class Lan {
  readonly #options: LanOptions
  readonly #switch: Switch
  readonly #servicesPort: number
  readonly #links: ShapedLinks
  readonly #carrier: Carrier
  readonly #seats = new Map<number, Seat>()
  #definition: NetworkDefinition
  #services: Services

  constructor(definition: NetworkDefinition, options: LanOptions) {
    this.#definition = definition
    this.#options = options
    this.#links = new ShapedLinks(definition, (machine, reason) => this.#countLost(machine, reason))
    this.#carrier = new Carrier(this.#links, options.tap, options.patience)
    this.#switch = new Switch({
      deliver: (from, to, burst) => this.#deliver(from, to, burst),
      refused: (from, reason) => {
        const machine = this.#seats.get(from)?.member.machine
        if (machine !== undefined) options.refused(machine, reason)
      },
    })
    const host = hostOf(definition)
    this.#servicesPort = this.#switch.addPort({
      sender: { mac: servicesMac, ipv4: host.ipv4, ipv6Prefix: host.prefix },
      guarded: true,
    })
    this.#services = servicesOf(definition, options)
    for (const member of definition.members) this.#seat(member)
  }

  /** New conditions and machines. Those that are as before keep their links. */
  update(definition: NetworkDefinition): void {
    this.#definition = definition
    this.#links.update(definition)
    this.#services = servicesOf(definition, this.#options)
    const wanted = new Map(definition.members.map((member) => [JSON.stringify(member), member]))
    for (const [port, { member }] of this.#seats) {
      const isAsBefore = wanted.delete(JSON.stringify(member))
      if (!isAsBefore) this.#unseat(port)
    }
    for (const member of wanted.values()) this.#seat(member)
  }

  /** Whether `update` can take this over; a network with other addresses is another network. */
  isSame({ name, subnet, ipv6, guarded }: NetworkDefinition): boolean {
    const mine = this.#definition
    return name === mine.name && subnet === mine.subnet && ipv6 === mine.ipv6 && guarded === mine.guarded
  }

  get linked(): number {
    return [...this.#seats.values()].filter(({ link }) => link.up).length
  }

  isLinked(machine: string): boolean {
    return [...this.#seats.values()].some(({ member, link }) => member.machine === machine && link.up)
  }

  status(): MemberStatus[] {
    return [...this.#seats.values()].map(({ member, link, counters }) => {
      const { machine, mac, ipv4, ipv6 } = member
      return { machine, mac, ipv4, ipv6, linked: link.up, counters }
    })
  }

  close(): void {
    this.#links.close()
    for (const port of this.#seats.keys()) this.#unseat(port)
  }

  #unseat(port: number): void {
    const seat = this.#seats.get(port)
    if (seat === undefined) return
    this.#seats.delete(port)
    this.#switch.removePort(port)
    this.#carrier.forget(seat.link)
    seat.link.close()
  }

  #seat(member: Member): void {
    const sender = {
      mac: parseMac(member.mac) ?? servicesMac,
      ipv4: parseIpv4(member.ipv4) ?? 0,
      ipv6Prefix: hostOf(this.#definition).prefix,
    }
    const port = this.#switch.addPort({ sender, guarded: this.#definition.guarded })
    const counters = this.#switch.counters(port)
    const link: PortLink = new PortLink(member.socket, {
      frame: (frame) => {
        const { tap } = this.#options
        if (tap.active) tap.frame(member.machine, 'sent', frame)
        this.#switch.receive(port, frame, performance.now())
      },
      burst: (oversize) => {
        this.#switch.flush()
        if (oversize === 0) return
        countDrop(counters, 'oversize', oversize)
        this.#options.refused(member.machine, 'oversize')
      },
      changed: (up) => {
        if (up) this.#carrier.reply(seat, routerAdvertisement(hostOf(this.#definition)))
        this.#options.changed(member.machine, up)
      },
      drained: () => this.#carrier.drained(link),
    })
    const questions = new TokenBucket(questionsPerSecond, questionsPerSecond)
    const seat: Seat = { member, link, counters, questions }
    this.#seats.set(port, seat)
  }

  #deliver(from: number, to: number, burst: Burst): void {
    const sender = this.#seats.get(from)
    if (sender === undefined) return
    const receiver = this.#seats.get(to)
    if (to === this.#servicesPort) this.#carrier.ask(sender, this.#services, burst.stream)
    else if (receiver !== undefined) this.#carrier.carry(sender, receiver, burst)
  }

  #countLost(machine: string, reason: DropReason): void {
    for (const { member, counters } of this.#seats.values())
      if (member.machine === machine) countDrop(counters, reason)
  }
}
