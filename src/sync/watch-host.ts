import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { isErrno } from '../lib/files/errno.ts'
import type { Hints } from './hints.ts'
import { isInside, statHost } from './host-stat.ts'
import { below } from './paths.ts'
import type { Session } from './session.ts'

interface Watched {
  watcher: FSWatcher
  inode: string
}

/**
 * Hears of changes in the host's folder, by a watch (inotify) on each folder in it that is carried. `isBlind` once the system
 * has none left: then nothing is heard of at all.
 */
export class HostWatch {
  readonly #session: Session
  readonly #hints: Hints
  readonly #folders = new Map<string, Watched>()
  isBlind = false

  constructor(session: Session, hints: Hints) {
    this.#session = session
    this.#hints = hints
  }

  /** Watches what is a folder now of what is named, with all below it, and no longer what is not. */
  follow(paths: readonly string[]): void {
    for (const path of paths) {
      if (this.isBlind) return
      const stat = this.#look(path)
      const known = this.#folders.get(path)
      if (known !== undefined && stat?.inode === known.inode && stat.kind === 'folder') continue
      if (known !== undefined) this.#forget(path)
      if (stat?.kind === 'folder') this.#watch(path, stat.inode)
    }
  }

  /** Begins again: folders may have come that nothing was heard of. */
  renew(): void {
    this.close()
    this.follow([''])
  }

  close(): void {
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  #look(path: string): ReturnType<typeof statHost> {
    const { root } = this.#session
    try {
      return path === '' || isInside(root, path) ? statHost(root, path) : null
    } catch (error) {
      if (isErrno(error, 'EACCES', 'EPERM')) return null
      throw error
    }
  }

  #watch(path: string, inode: string): void {
    const { root, ignored } = this.#session
    if (this.isBlind || (path !== '' && ignored.has(path, true))) return
    try {
      const watcher = watch(below(root, path), { encoding: 'buffer', persistent: false })
      // A folder that is removed ends its watch; the hint comes from the folder that it was in.
      watcher.on('error', () => this.#hints.add(path))
      watcher.on('change', (_, name: Buffer | string | null) => this.#heard(path, name))
      this.#folders.set(path, { watcher, inode })
      for (const entry of readdirSync(below(root, path), { encoding: 'latin1', withFileTypes: true }))
        if (entry.isDirectory()) this.follow([path === '' ? entry.name : `${path}/${entry.name}`])
    } catch (error) {
      if (isErrno(error, 'ENOSPC', 'EMFILE', 'ENFILE', 'ENOSYS')) this.#goBlind()
      else if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) throw error
    }
  }

  #heard(folder: string, name: Buffer | string | null): void {
    const { ignored } = this.#session
    const text = name === null ? '' : Buffer.from(name).toString('latin1')
    const path = text === '' ? folder : folder === '' ? text : `${folder}/${text}`
    if (path === '') this.#hints.poke()
    else if (ignored.concerns(path)) this.#hints.all()
    else if (!ignored.has(path, true) || !ignored.has(path, false)) this.#hints.add(path)
  }

  #forget(path: string): void {
    for (const [other, { watcher }] of this.#folders) {
      if (other !== path && !other.startsWith(`${path}/`)) continue
      watcher.close()
      this.#folders.delete(other)
    }
  }

  #goBlind(): void {
    this.isBlind = true
    this.close()
    this.#hints.all()
  }
}
