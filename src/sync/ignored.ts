import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { isErrno } from '../lib/files/errno.ts'
import { below, textOf } from './paths.ts'
import { parentOf } from './reconcile.ts'
import type { SyncPair } from './types.ts'

const ignoreFiles = ['.gitignore', '.posadaignore']
/** The folder that the engine works in, where it has to lie in what is kept equal. */
export const workFolder = '.posada-sync'

/** Of a folder that is only sent there is no state. */
type Ignoring = Pick<SyncPair, 'from' | 'exclude' | 'ignoreFiles' | 'git'> & Partial<SyncPair>

/**
 * What of a pair stays behind: `exclude`, what `.gitignore` and `.posadaignore` files of the host name, `.git` unless it is
 * wanted, and Posada's own folders. Reads ignore files when they are first needed, and not again.
 */
export class Ignored {
  readonly #pair: Ignoring
  readonly #own: Rules
  readonly #state: string | null
  readonly #rules = new Map<string, Rules | null>()
  readonly #folders = new Map<string, boolean>()

  constructor(pair: Ignoring) {
    this.#pair = pair
    this.#own = new Rules([...pair.exclude])
    const { stateDir = null } = pair
    this.#state = stateDir === null ? null : Buffer.from(relative(pair.from, stateDir)).toString('latin1')
  }

  /** Whether a path stays behind, or lies in a folder that does. */
  has(path: string, isFolder: boolean): boolean {
    const parent = parentOf(path)
    if (parent !== null && this.#hasFolder(parent)) return true
    return isFolder ? this.#hasFolder(path) : this.#test(path, false)
  }

  /** Whether a change of this path changes what stays behind. */
  concerns(path: string): boolean {
    return this.#pair.ignoreFiles && ignoreFiles.includes(path.slice(path.lastIndexOf('/') + 1))
  }

  #hasFolder(path: string): boolean {
    const known = this.#folders.get(path)
    if (known !== undefined) return known
    const parent = parentOf(path)
    const is = (parent !== null && this.#hasFolder(parent)) || this.#test(path, true)
    this.#folders.set(path, is)
    return is
  }

  #test(path: string, isFolder: boolean): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (name === '.posada' || name === workFolder || path === this.#state) return true
    if (name === '.git' && !this.#pair.git) return true
    const text = `${textOf(path)}${isFolder ? '/' : ''}`
    const own = this.#own.test(text)
    if (own.ignored || own.unignored) return own.ignored
    if (!this.#pair.ignoreFiles || /(^|\/)\.git(\/|$)/.test(text)) return false
    // The innermost rules that say something of it decide: gitignore(5).
    for (let folder = parentOf(path); ; folder = parentOf(folder)) {
      const base = folder === null ? '' : `${textOf(folder)}/`
      const found = this.#rulesIn(folder ?? '')?.test(text.slice(base.length))
      if (found !== undefined && (found.ignored || found.unignored)) return found.ignored
      if (folder === null) return false
    }
  }

  #rulesIn(folder: string): Rules | null {
    const known = this.#rules.get(folder)
    if (known !== undefined) return known
    const texts = ignoreFiles.flatMap(
      (name) => readRules(below(this.#pair.from, folder === '' ? name : `${folder}/${name}`)) ?? [],
    )
    const rules = texts.length === 0 ? null : new Rules(texts)
    this.#rules.set(folder, rules)
    return rules
  }
}

/** Tests after which a matcher is made again: it remembers each path that it was asked for. */
const mostRemembered = 2000

/** Patterns in gitignore(5)'s syntax. */
class Rules {
  readonly #texts: string[]
  #matcher: Ignore | null = null
  #count = 0

  constructor(texts: string[]) {
    this.#texts = texts
  }

  test(path: string): { ignored: boolean; unignored: boolean } {
    if (this.#texts.length === 0) return { ignored: false, unignored: false }
    if (this.#matcher === null || ++this.#count > mostRemembered) {
      this.#matcher = ignore({ allowRelativePaths: true }).add(this.#texts.join('\n'))
      this.#count = 0
    }
    return this.#matcher.test(path)
  }
}

/** Bytes; a longer one is not written by hand. */
const longest = 2 ** 20

function readRules(path: Buffer): string | null {
  let file: number | undefined
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const text = readFileSync(file)
    return text.length <= longest ? text.toString() : null
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EISDIR', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO')) return null
    throw error
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
