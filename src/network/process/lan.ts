import { FrameSplitter, joinFrame, lengthBytes } from '../../lib/net/framing.ts'
import { parseIpv4 } from '../../lib/net/ip.ts'
import type { Direction } from '../capture/pcapng.ts'
import type { Member, NetworkDefinition } from '../config.ts'
import { type Counters, countDrop, type DropReason } from '../link/counters.ts'
import { Switch } from '../link/switch.ts'
import { Allowance } from '../link/token-bucket.ts'
import type { Resolver } from '../services/dns.ts'
import { routerAdvertisement } from '../services/neighbours.ts'
import { type Services, servicesMac } from '../services/services.ts'
import { parseMac } from '../wire/ethernet.ts'
import { Congestion } from './congestion.ts'
import { hostOf, servicesOf } from './network-services.ts'
import { PortLink } from './port-link.ts'
import { Ways } from './shaped-links.ts'

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

/** Who is shown frames: all that machines send, before anything is made of them, and all that reach them. */
export interface LanTap {
  /** Asked for each frame. */
  readonly active: boolean
  /** @param machine null for the services */
  frame(machine: string | null, direction: Direction, bytes: Buffer, start: number, end: number): void
}

export interface MemberStatus {
  machine: string
  mac: string
  ipv4: string
  ipv6: string
  linked: boolean
  counters: Counters
}

/** A machine's place on the network. */
interface Seat {
  member: Member
  link: PortLink
  port: number
  /** Frames to the services. */
  questions: Allowance
}

/** Questions to the services that a machine may put in a second. */
const questionsPerSecond = 2000
/** A piece of a buffer this many times its size is copied before it waits: it would keep the whole alive. */
const largestShare = 4

/** One network: its machines, the switch between them, the services, the conditions of its ways. */
export class Lan {
  readonly #options: LanOptions
  readonly #switch: Switch
  readonly #servicesPort: number
  readonly #congestion: Congestion
  readonly #ways: Ways
  readonly #seats = new Map<number, Seat>()
  #definition: NetworkDefinition
  #services: Services

  constructor(definition: NetworkDefinition, options: LanOptions) {
    this.#definition = definition
    this.#options = options
    this.#congestion = new Congestion(options.patience)
    this.#ways = new Ways(definition, (machine, reason) => this.#countLost(machine, reason))
    this.#switch = new Switch({
      deliver: (from, to, stream, frames) => this.#deliver(from, to, stream, frames),
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
    this.#ways.update(definition)
    this.#services = servicesOf(definition, this.#options)
    const wanted = new Map(definition.members.map((member) => [JSON.stringify(member), member]))
    for (const seat of this.#seats.values()) {
      const isAsBefore = wanted.delete(JSON.stringify(seat.member))
      if (!isAsBefore) this.#unseat(seat)
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
    return [...this.#seats.values()].map(({ member, link, port }) => {
      const { machine, mac, ipv4, ipv6 } = member
      return { machine, mac, ipv4, ipv6, linked: link.up, counters: this.#switch.counters(port) }
    })
  }

  close(): void {
    this.#ways.close()
    for (const seat of this.#seats.values()) this.#unseat(seat)
  }

  #unseat({ link, port }: Seat): void {
    this.#seats.delete(port)
    this.#switch.removePort(port)
    this.#congestion.forget(link)
    link.close()
  }

  #seat(member: Member): void {
    const sender = {
      mac: parseMac(member.mac) ?? servicesMac,
      ipv4: parseIpv4(member.ipv4) ?? 0,
      ipv6Prefix: hostOf(this.#definition).prefix,
    }
    const port = this.#switch.addPort({ sender, guarded: this.#definition.guarded })
    const link: PortLink = new PortLink(member.socket, {
      frame: (bytes, start, end) => {
        const { tap } = this.#options
        if (tap.active) tap.frame(member.machine, 'sent', bytes, start + lengthBytes, end)
        this.#switch.receive(port, bytes, start, end, performance.now())
      },
      burst: (oversize) => {
        this.#switch.flush()
        if (oversize === 0) return
        countDrop(this.#switch.counters(port), 'oversize', oversize)
        this.#options.refused(member.machine, 'oversize')
      },
      changed: (up) => {
        if (up) this.#reply(port, routerAdvertisement(hostOf(this.#definition)))
        this.#options.changed(member.machine, up)
      },
      drained: () => this.#congestion.drained(link),
    })
    const questions = new Allowance(questionsPerSecond, questionsPerSecond)
    this.#seats.set(port, { member, link, port, questions })
  }

  #deliver(from: number, to: number, stream: Buffer, frames: number): void {
    const sender = this.#seats.get(from)
    if (sender === undefined) return
    if (to === this.#servicesPort) {
      this.#ask(sender, stream)
      return
    }
    const receiver = this.#seats.get(to)
    if (receiver === undefined) return
    const [a, b] = [sender.member.machine, receiver.member.machine]
    if (this.#ways.isPlain(a, b)) this.#hand(sender, receiver, stream, frames)
    else
      eachFrame(stream, (framed) =>
        this.#ways.send(a, b, framed, (arrived) => this.#hand(sender, receiver, arrived, 1)),
      )
  }

  #hand(sender: Seat, { link, port, member }: Seat, stream: Buffer, frames: number): void {
    const counters = this.#switch.counters(port)
    if (!link.up) {
      countDrop(counters, 'down', frames)
      return
    }
    if (this.#congestion.isStuck(link)) {
      countDrop(counters, 'full', frames)
      return
    }
    counters.sent.frames += frames
    counters.sent.bytes += stream.length - frames * lengthBytes
    if (this.#options.tap.active) this.#show(member.machine, stream)
    link.write(stream.length * largestShare < stream.buffer.byteLength ? Buffer.from(stream) : stream)
    if (link.isFull) this.#congestion.hold(sender.link, link)
  }

  #countLost(machine: string, reason: DropReason): void {
    for (const { member, port } of this.#seats.values())
      if (member.machine === machine) countDrop(this.#switch.counters(port), reason)
  }

  #ask({ member, port, questions }: Seat, stream: Buffer): void {
    eachFrame(stream, (framed) => {
      if (!questions.take(performance.now())) countDrop(this.#switch.counters(port), 'storm')
      else
        this.#services.receive(member.machine, framed.subarray(lengthBytes), (frame) =>
          this.#reply(port, frame),
        )
    })
  }

  #reply(port: number, frame: Buffer): void {
    const seat = this.#seats.get(port)
    if (seat === undefined) return
    const counters = this.#switch.counters(port)
    if (!seat.link.up || seat.link.isFull) {
      countDrop(counters, seat.link.up ? 'full' : 'down')
      return
    }
    counters.sent.frames += 1
    counters.sent.bytes += frame.length
    const { tap } = this.#options
    if (tap.active) {
      tap.frame(null, 'sent', frame, 0, frame.length)
      tap.frame(seat.member.machine, 'received', frame, 0, frame.length)
    }
    seat.link.write(joinFrame([frame], frame.length))
  }

  #show(machine: string, stream: Buffer): void {
    const { tap } = this.#options
    eachFrame(stream, (framed) => tap.frame(machine, 'received', framed, lengthBytes, framed.length))
  }
}

function eachFrame(stream: Buffer, visit: (framed: Buffer) => void): void {
  new FrameSplitter().push(stream, (bytes, start, end) => visit(bytes.subarray(start, end)))
}
