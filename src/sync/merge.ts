import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { isErrno } from '../lib/files/errno.ts'
import { exists, namesIn } from '../lib/files/folders.ts'
import type { Ancestor } from './ancestor.ts'
import { sha256 } from './host-scan.ts'
import { below } from './paths.ts'

/** Bytes of a file that is merged; longer ones are conflicts. */
const longest = 2 ** 20

/**
 * Contents of the common ancestor, by their digests, where a pair is to be merged: the third version that a merge takes. One
 * that is missing only means that a conflict stays one.
 */
export class Bases {
  readonly #folder: string

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'bases')
  }

  /** Keeps what a path of the host has now, if it is what was recorded. */
  async keep(root: string, path: string, { size, digest }: { size: number; digest: string }): Promise<void> {
    if (size > longest || (await exists(this.#file(digest)))) return
    const content = await readFile(below(root, path)).catch((error: unknown) => {
      if (isErrno(error)) return null
      throw error
    })
    if (content === null || sha256(content) !== digest) return
    await mkdir(this.#folder, { recursive: true })
    await writeFile(this.#file(digest), content, { mode: 0o600 })
  }

  /**
   * What two versions of a text come to where their hunks do not overlap, in `work`; null where they do, one of the three is
   * not text or not there, or the host has no git. Source: git-merge-file(1).
   */
  async merge(
    base: string,
    { mine, theirs, work }: { mine: Buffer; theirs: string; work: string },
  ): Promise<Buffer | null> {
    if (!(await exists(this.#file(base)))) return null
    const own = join(work, 'mine')
    await copyFile(mine, own)
    try {
      const words = ['merge-file', '-p', '--quiet', own, this.#file(base), theirs]
      const { exitCode, stdout } = await execa('git', words, {
        reject: false,
        encoding: 'buffer',
        stripFinalNewline: false,
      })
      return exitCode === 0 ? Buffer.from(stdout) : null
    } finally {
      await rm(own, { force: true })
    }
  }

  /** Removes what nothing refers to. */
  async sweep(ancestor: Ancestor): Promise<void> {
    const names = new Set(await namesIn(this.#folder))
    if (names.size === 0) return
    for (const path of ancestor.paths()) names.delete(ancestor.get(path)?.digest ?? '')
    for (const name of names) await rm(join(this.#folder, name), { force: true })
  }

  #file(digest: string): string {
    return join(this.#folder, digest)
  }
}
