import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIP, isIPv6 } from 'node:net'
import { readTextIfThere } from '../../lib/files/write-file.ts'

/** Milliseconds for a server, servers that are asked, questions that are open at once. */
const patience = 2500
const mostServers = 2
const mostOpen = 128
/** Of one machine: so many at once, and so many even where the others have all that is open. */
const ofOne = { most: 16, always: 2 }
/** Milliseconds that what stands in resolv.conf is taken for true. */
const staysKnown = 5000

/** The host's own DNS servers, for names that are not the project's. */
export class Upstream {
  readonly #servers: () => Promise<string[]>
  readonly #open = new Map<string, number>()

  constructor(servers: () => Promise<string[]> = hostServers()) {
    this.#servers = servers
  }

  /**
   * The answer to a machine's query, with the query's own id, or null where nobody gives one. The id and the port
   * that it is asked with are random ones, so that nobody else can answer in the server's place.
   */
  async ask(machine: string, query: Buffer, head: Buffer): Promise<Buffer | null> {
    if (!this.#hasRoom(machine)) return null
    this.#count(machine, 1)
    try {
      for (const server of (await this.#servers()).slice(0, mostServers)) {
        const answer = await askServer(server, query, head)
        if (answer !== null) return answer
      }
      return null
    } finally {
      this.#count(machine, -1)
    }
  }

  #hasRoom(machine: string): boolean {
    const own = this.#open.get(machine) ?? 0
    const all = [...this.#open.values()].reduce((sum, each) => sum + each, 0)
    return own < ofOne.most && (all < mostOpen || own < ofOne.always)
  }

  #count(machine: string, change: number): void {
    const open = (this.#open.get(machine) ?? 0) + change
    if (open === 0) this.#open.delete(machine)
    else this.#open.set(machine, open)
  }
}

/** `server` may have a port behind `#`: `127.0.0.1#5353`. */
function askServer(server: string, query: Buffer, head: Buffer): Promise<Buffer | null> {
  const [address = '', port = '53'] = server.split('#')
  const id = randomInt(0x10000)
  const sent = Buffer.from(query)
  sent.writeUInt16BE(id, 0)
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    let done = false
    const settle = (answer: Buffer | null) => {
      if (done) return
      done = true
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    const timer = setTimeout(() => settle(null), patience)
    // A server that cannot be reached, or answers with what is none.
    socket.on('error', () => settle(null))
    socket.on('message', (answer) => {
      if (!isAnswerTo(answer, sent, head)) return
      answer.writeUInt16BE(query.readUInt16BE(0), 0)
      settle(answer)
    })
    // A callback of connect would be called for its failure as well.
    socket.once('connect', () => socket.send(sent, () => undefined))
    socket.connect(Number(port), address)
  })
}

function isAnswerTo(answer: Buffer, sent: Buffer, head: Buffer): boolean {
  if (answer.length < head.length || answer.readUInt16BE(0) !== sent.readUInt16BE(0)) return false
  const sameQuestion = answer.subarray(12, head.length).equals(sent.subarray(12, head.length))
  return ((answer[2] ?? 0) & 0x80) !== 0 && sameQuestion
}

/** The nameservers of /etc/resolv.conf (resolv.conf(5)), read again when they may have changed. */
function hostServers(): () => Promise<string[]> {
  let known: string[] = []
  let at = Number.NEGATIVE_INFINITY
  return async () => {
    if (performance.now() - at < staysKnown) return known
    known = parseResolvConf((await readTextIfThere('/etc/resolv.conf')) ?? '')
    at = performance.now()
    return known
  }
}

export function parseResolvConf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((address) => isIP(address) !== 0)
}
