import type { WebSocket } from 'ws'
import { type ProjectStats, top } from '../app/index.ts'
import { asPosadaError, isPosadaError } from '../errors/index.ts'
import { followLog, type LoggedEvent } from '../event-log/index.ts'
import { errorDocument } from '../ui/index.ts'
import { fulfil, runs } from './fulfil.ts'
import { parseRequest } from './parse-request.ts'
import type { Projects } from './projects.ts'
import type { Message, Request } from './protocol.ts'

export interface HubOptions {
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  projects: Projects
  version: string
  /** The folder of the log of this user's commands. */
  events: string
}

/** Milliseconds between two looks at machines, and between two messages with events. */
const every = { look: 2000, events: 100 }
/** Events kept for a page that comes; bytes of the log that are read for them; bytes that a page may be behind. */
const most = { events: 500, past: 128 * 1024, behind: 8 * 1024 * 1024 }

/** What all open pages are told: how machines are, and what commands say. It looks only while a page is open. */
export class Hub {
  readonly #options: HubOptions
  readonly #pages = new Set<WebSocket>()
  #watching: AbortController | null = null
  #stats: ProjectStats[] | null = null
  #past: LoggedEvent[] = []
  #fresh: LoggedEvent[] = []
  #timer: NodeJS.Timeout | null = null
  /** What goes on for pages. */
  readonly work = new Set<Promise<void>>()

  constructor(options: HubOptions) {
    this.#options = options
  }

  join(page: WebSocket): void {
    const { version, projects } = this.#options
    send(page, { type: 'hello', version, own: projects.own })
    if (this.#stats !== null) send(page, { type: 'stats', projects: this.#stats })
    if (this.#past.length > 0) send(page, { type: 'events', events: this.#past })
    this.#pages.add(page)
    this.#watching ??= this.#watch()
    page.on('close', () => {
      this.#pages.delete(page)
      if (this.#pages.size === 0) this.#rest()
    })
    page.on('message', (data, isBinary) => {
      const request = isBinary ? null : parseRequest(String(data))
      if (request === null) return page.close(1008)
      const work = this.#answer(page, request)
      this.work.add(work)
      void work.finally(() => this.work.delete(work))
    })
  }

  async #answer(page: WebSocket, { id, root, wish }: Request): Promise<void> {
    try {
      const detail = await fulfil(await this.#options.projects.open(root, { runs: runs(wish) }), wish)
      send(page, { type: 'answer', id, detail, error: null })
    } catch (thrown) {
      send(page, { type: 'answer', id, detail: null, error: errorDocument(asPosadaError(thrown)).error })
    }
  }

  #watch(): AbortController {
    const { env, signal, projects, events } = this.#options
    const watching = new AbortController()
    const common = { env, signal: AbortSignal.any([signal, watching.signal]) }
    const onLook = (found: ProjectStats[]) => {
      projects.note(found)
      this.#stats = found
      this.#tell({ type: 'stats', projects: found })
    }
    const onEvent = (event: LoggedEvent) => this.#hear(event)
    const loops = [
      top({ ...common, emit: () => undefined, interval: every.look, watch: true, onLook }),
      followLog(events, { past: most.past, follow: true, onEvent, signal: common.signal }),
    ]
    // They end with the last page; what else ends one, ends the pages, which come again.
    for (const loop of loops)
      void loop.catch((error: unknown) => {
        if (watching.signal.aborted || isPosadaError(error, 'E_INTERRUPTED')) return
        for (const page of this.#pages) page.close(1011)
      })
    return watching
  }

  #rest(): void {
    this.#watching?.abort()
    this.#watching = null
    this.#stats = null
    this.#past = []
    this.#fresh = []
  }

  #hear(event: LoggedEvent): void {
    this.#fresh.push(event)
    if (this.#fresh.length > most.events) this.#fresh.shift()
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#past = [...this.#past, ...this.#fresh].slice(-most.events)
      this.#tell({ type: 'events', events: this.#fresh })
      this.#fresh = []
    }, every.events)
  }

  #tell(message: Message): void {
    for (const page of this.#pages) send(page, message)
  }
}

function send(page: WebSocket, message: Message): void {
  if (page.readyState !== page.OPEN) return
  if (page.bufferedAmount > most.behind) page.terminate()
  else page.send(JSON.stringify(message))
}
