import { isIP } from 'node:net'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import { code } from '../../lib/wire/dns-message.ts'
import { askServer, type ServerQuestion } from './ask-server.ts'

/** Servers that are asked, as many as resolv.conf(5) has, and questions that are open at once. */
const mostServers = 3
const mostOpen = 128
/** Of one machine: so many at once, and so many even where the others have all that is open. */
const ofOne = { most: 16, always: 2 }
/** What says that another server may know more. */
const failures: ReadonlySet<number> = new Set([code.failed, code.notImplemented, code.refused])
/** Milliseconds that what stands in resolv.conf is taken for true. */
const staysKnown = 5000

export interface Asked extends ServerQuestion {
  machine: string
}

/** The host's own DNS servers, for names that are not the project's. */
export class Upstream {
  readonly #servers: () => Promise<string[]>
  readonly #open = new Map<string, number>()

  constructor(servers: () => Promise<string[]> = hostServers()) {
    this.#servers = servers
  }

  /**
   * The answer to a machine's query, with the query's own id, or null where no server gives one. A server that says
   * it cannot answer is as good as one that is silent: the next is asked, and what the first said is kept for the
   * case that none knows more.
   */
  async ask({ machine, ...asked }: Asked): Promise<Buffer | null> {
    if (!this.#hasRoom(machine)) return null
    this.#count(machine, 1)
    try {
      let failure: Buffer | null = null
      for (const server of (await this.#servers()).slice(0, mostServers)) {
        const answer = await askServer(server, asked)
        if (answer !== null && !failures.has((answer[3] ?? 0) & 15)) return answer
        failure ??= answer
      }
      return failure
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

function parseResolvConf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((address) => isIP(address) !== 0)
}
