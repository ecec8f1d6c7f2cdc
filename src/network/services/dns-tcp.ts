import { flag, refusal, type TcpSegment } from '../../lib/wire/tcp.ts'
import { TcpConnection } from './tcp-connection.ts'

/** Connections of one machine, and of all. */
const most = { ofOne: 8, ofAll: 64 }
/** A question with its length: those of more than an Ethernet frame are none of ours. */
const longestQuestion = 2 + 1472
/** Answers on their way on one connection: further questions are read when one of them has been given. */
const mostOpen = 16

/** Who asks, from where. */
export interface TcpAsker {
  machine: string
  /** IPv4 address. */
  source: number
}

export type AnswerQuestion = (machine: string, question: Buffer) => Promise<Buffer | null>

/** DNS over TCP (RFC 7766): each message has its length before it, answers come in the order they are found. */
export class DnsOverTcp {
  readonly #answer: AnswerQuestion
  readonly #open = new Map<string, TcpConnection>()

  constructor(answer: AnswerQuestion) {
    this.#answer = answer
  }

  /** Takes a segment to the DNS port; `send` may be called later, too. */
  receive(asker: TcpAsker, segment: TcpSegment, send: (segment: TcpSegment) => void): void {
    const key = `${asker.machine} ${asker.source} ${segment.from}`
    const known = this.#open.get(key)
    if (known !== undefined) {
      known.receive(segment)
      return
    }
    const isNew = (segment.flags & (flag.syn | flag.ack | flag.rst)) === flag.syn
    if (!isNew) return
    if (!this.#hasRoom(asker.machine)) {
      const no = refusal(segment)
      if (no !== null) send(no)
      return
    }
    const connection: TcpConnection = new TcpConnection(segment, {
      send,
      ...this.#questions(asker.machine, () => connection),
      closed: () => void this.#open.delete(key),
    })
    this.#open.set(key, connection)
  }

  #hasRoom(machine: string): boolean {
    const own = [...this.#open.keys()].filter((key) => key.startsWith(`${machine} `)).length
    return own < most.ofOne && this.#open.size < most.ofAll
  }

  /** Takes bytes as they come and answers each question in them. */
  #questions(machine: string, connection: () => TcpConnection) {
    let isFinished = false
    let held: Buffer = Buffer.alloc(0)
    let open = 0
    const next = () => {
      while (held.length >= 2 && open < mostOpen) {
        const end = 2 + held.readUInt16BE(0)
        if (end > longestQuestion) connection().reset()
        if (end > longestQuestion || held.length < end) return
        const question = Buffer.from(held.subarray(2, end))
        held = held.subarray(end)
        open += 1
        this.#answer(machine, question).then(
          (answer) => {
            open -= 1
            if (answer === null) connection().reset()
            else
              connection().write(Buffer.concat([Buffer.of(answer.length >> 8, answer.length & 255), answer]))
            next()
            finish()
          },
          () => connection().reset(),
        )
      }
    }
    const finish = () => {
      if (isFinished && open === 0) connection().close()
    }
    return {
      received: (bytes: Uint8Array) => {
        held = Buffer.concat([held, bytes])
        if (held.length > longestQuestion * mostOpen) connection().reset()
        else next()
      },
      finished: () => {
        isFinished = true
        finish()
      },
    }
  }
}
