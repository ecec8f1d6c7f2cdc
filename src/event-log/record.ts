import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Emit, PosadaEvent } from '../events/index.ts'
import { userId } from '../lib/process/user-id.ts'
import { bounds, type EventSource, numberOf } from './model.ts'

/** Milliseconds between two lines about how far a piece of work has got. */
const progressEvery = 500

/**
 * Passes events on, and writes each as a line into the log of this user, which any number of processes write to: a line
 * is appended by one write(2), and a full file is left for the one with the next number, which all come to by themselves.
 * Where the log cannot be written, nothing is.
 */
export function recorded(emit: Emit, folder: string, source: EventSource): Emit {
  const log = new Log(folder)
  const progress = new Map<string, number>()
  const isTooSoon = (event: PosadaEvent) => {
    if (event.type !== 'progress') return false
    const key = `${event.machine} ${event.step}`
    const now = performance.now()
    if (now - (progress.get(key) ?? -progressEvery) < progressEvery) return true
    progress.set(key, now)
    return false
  }
  return (event) => {
    emit(event)
    if (!isTooSoon(event)) for (const piece of pieces(event)) log.write(lineOf(piece, source))
  }
}

function lineOf(event: PosadaEvent, source: EventSource): string {
  const stamp = { at: new Date().toISOString(), pid: process.pid, ...source }
  return `${JSON.stringify({ ...stamp, ...event })}\n`
}

/** Output in parts that lines have room for; what else is said for people is cut. */
function pieces(event: PosadaEvent): PosadaEvent[] {
  if (event.type !== 'output')
    return 'message' in event ? [{ ...event, message: cut(event.message) }] : [event]
  const count = Math.ceil(event.text.length / bounds.text)
  return Array.from({ length: count }, (_, index) => {
    const text = event.text.slice(index * bounds.text, (index + 1) * bounds.text)
    return { ...event, text }
  })
}

function cut(text: string): string {
  return text.length <= bounds.text ? text : `${text.slice(0, bounds.text)}…`
}

/** The file that is written to now. What the system refuses ends the log for this process, and nothing else. */
class Log {
  readonly #folder: string
  #open: { fd: number; number: number } | null = null
  #off = false

  constructor(folder: string) {
    this.#folder = folder
  }

  write(line: string): void {
    if (this.#off) return
    try {
      this.#open ??= isOwn(this.#folder) ? this.#openAt(Math.max(1, this.#newest())) : null
      this.#off = this.#open === null
      if (this.#open === null) return
      if (fstatSync(this.#open.fd).size >= bounds.file) this.#open = this.#next(this.#open)
      writeSync(this.#open.fd, line)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      this.#off = true
    }
  }

  #next({ fd, number }: { fd: number; number: number }) {
    closeSync(fd)
    const next = this.#openAt(Math.max(number + 1, this.#newest()))
    for (const name of readdirSync(this.#folder)) {
      const old = numberOf(name)
      if (old !== null && old <= next.number - bounds.files) rmSync(join(this.#folder, name), { force: true })
    }
    return next
  }

  #newest(): number {
    return Math.max(0, ...readdirSync(this.#folder).map((name) => numberOf(name) ?? 0))
  }

  #openAt(number: number) {
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
    const path = join(this.#folder, `${number}.jsonl`)
    return { number, fd: openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600) }
  }
}

/** Makes the folder; false below one of another user: root by sudo with the home of another leaves theirs alone. */
function isOwn(folder: string): boolean {
  let above = folder
  while (dirname(above) !== above && statSync(above, { throwIfNoEntry: false }) === undefined)
    above = dirname(above)
  if (statSync(above).uid !== userId()) return false
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return true
}
