import { type FileHandle, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../lib/files/errno.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { writeFileAtomic } from '../lib/files/write-file.ts'
import {
  addIntent,
  decode,
  encode,
  type Intent,
  intentLine,
  type Known,
  parse,
  put,
  title,
} from './ancestor-records.ts'
import { type Entry, isWithin, type Side } from './reconcile.ts'

export interface Marks {
  mark(path: string): void
  unmarked(): Iterable<string>
}

/** Bytes of records that were overtaken before the file is written again. */
const slack = 4 * 2 ** 20
/**
 * The common ancestor of a pair: what every path was when both sides were last equal. A file that is only appended to, so
 * that a kill cuts off its last records at most: then both sides are compared again. Paths are relative, a character a byte.
 */
export class Ancestor {
  readonly #path: string
  /** Where in `#texts` a path's record stands; a hole there: it is gone. */
  readonly #index: Map<string, number>
  readonly #texts: (string | null)[]
  /** Of each path, what it was to become since it was last recorded: the latest last. */
  readonly intents: Map<string, Intent[]>
  #lines: string[] = []
  /** Lines of what was intended since `takeSet`. */
  #intended: string[] = []
  /** What is written is written one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #file: FileHandle | null = null
  #size: number
  #identity: string

  private constructor(path: string, content: string) {
    this.#path = path
    const { index, texts, intents, identity, end } = parse(content)
    this.#index = index
    this.#texts = texts
    this.intents = intents
    this.#identity = identity
    this.#size = end
  }

  static async load(stateDir: string): Promise<Ancestor> {
    await makeFolder(stateDir)
    const path = join(stateDir, 'ancestor')
    const content = await readFile(path, 'latin1').catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return ''
      throw error
    })
    const ancestor = new Ancestor(path, content)
    if (ancestor.#size !== content.length || content === '') await ancestor.#rewrite()
    return ancestor
  }

  get size(): number {
    return this.#index.size
  }

  /** Of the two folders that it is of. */
  get identity(): string {
    return this.#identity
  }

  /** Begins again for two other folders. */
  async reset(identity: string): Promise<void> {
    this.#index.clear()
    this.#texts.length = 0
    this.intents.clear()
    this.#lines = []
    this.#identity = identity
    await this.#rewrite()
  }

  get(path: string): Known | null {
    const text = this.#text(path)
    return text === null ? null : decode(text)
  }

  has(path: string): boolean {
    return this.#index.has(path)
  }

  paths(): IterableIterator<string> {
    return this.#index.keys()
  }

  /** Marks of paths, of which those that have none can be told in the end. */
  marks(): Marks {
    const marked = new Uint8Array(this.#texts.length)
    const index = this.#index
    return {
      mark(path) {
        const at = index.get(path)
        if (at !== undefined) marked[at] = 1
      },
      *unmarked() {
        for (const [path, at] of index) if (marked[at] !== 1) yield path
      },
    }
  }

  /** The same for some paths and what is below them. Where none of them was a folder, no others are looked through. */
  marksIn(paths: readonly string[]): Marks {
    const within = new Set(paths)
    const isDeep = paths.some((path) => this.get(path)?.kind === 'folder')
    const all = isDeep
      ? [...this.paths()].filter((path) => isWithin(path, within))
      : paths.filter((path) => this.has(path))
    const left = new Set(all)
    return { mark: (path) => void left.delete(path), unmarked: () => left.values() }
  }

  set(path: string, known: Known | null): void {
    const text = known === null ? null : encode(known)
    if (text === this.#text(path) && !this.intents.has(path)) return
    put({ index: this.#index, texts: this.#texts }, path, text)
    this.intents.delete(path)
    this.#lines.push(`${path}\0${text ?? '-'}\n`)
  }

  /**
   * Writes down what is about to be done, before it is done. What was set waits for `save`: a guest whose power is cut now
   * may not have it.
   */
  async intend(side: Side, entries: Iterable<readonly [string, Entry | null]>): Promise<void> {
    const lines: string[] = []
    for (const [path, entry] of entries) {
      const intent = { side, entry }
      addIntent(this.intents, path, intent)
      lines.push(intentLine(path, intent))
    }
    this.#intended.push(...lines)
    await this.#inTurn(() => this.#append(lines))
  }

  /** What was set since this was last called: it is for `save`. */
  takeSet(): string[] {
    this.#intended = []
    return this.#lines.splice(0)
  }

  /** Makes what was set last over a power cut. What it says of the two sides has to be on their disks before. */
  async save(set: readonly string[]): Promise<void> {
    if (set.length > 0) {
      // What was intended after it was set is not over.
      await this.#inTurn(() => this.#append([...set, ...this.#intended]))
      await this.#file?.datasync()
    }
    const isLong = this.#size > slack + 250 * this.#index.size
    if (isLong && this.#lines.length === 0) await this.#inTurn(() => this.#rewrite())
  }

  async close(): Promise<void> {
    await this.#inTurn(() => this.#close())
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const own = this.#turn.then(work)
    this.#turn = own.catch(() => undefined)
    return own
  }

  async #close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }

  #text(path: string): string | null {
    const at = this.#index.get(path)
    return at === undefined ? null : (this.#texts[at] ?? null)
  }

  async #append(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(lines.join(''), 'latin1')
    this.#file ??= await open(this.#path, 'a', 0o600)
    await this.#file.appendFile(bytes)
    this.#size += bytes.length
  }

  async #rewrite(): Promise<void> {
    await this.#close()
    const lines = [`${title} ${this.#identity}\n`]
    for (const [path, at] of this.#index) lines.push(`${path}\0${this.#texts[at]}\n`)
    for (const [path, intents] of this.intents)
      for (const intent of intents) lines.push(intentLine(path, intent))
    const bytes = Buffer.from(lines.join(''), 'latin1')
    await writeFileAtomic(this.#path, bytes, { mode: 0o600 })
    this.#size = bytes.length
  }
}
