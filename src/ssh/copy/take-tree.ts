import { renameSync } from 'node:fs'
import { chmod, link, lstat, mkdir, rm, stat, symlink } from 'node:fs/promises'
import { type AnyPath, below } from '../../lib/files/byte-path.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { sweepWork, workName } from '../../lib/process/work-folder.ts'
import type { TarMember } from '../../lib/tar/tar-members.ts'
import { explainHost, hostError } from './errors.ts'
import { leadsInside, nameBelow } from './guest-names.ts'
import type { Progress } from './options.ts'
import { temporaries, writeFile } from './write-file.ts'

export interface TreeOptions {
  /** The folder of the host that it becomes. */
  to: AnyPath
  progress: Progress
  /** A name as the user is told it. */
  shown: (name: string) => string
  /** What a member that cannot be trusted is told as. */
  refuse: (name: string, why: string) => Error
}

/**
 * Writes a guest's archive to the host, each file under another name first. The archive is hostile: every name is below
 * `to` and comes once, what it lies in was made by a member before it, nothing is written through a link, and links are
 * made in the end. Those that lead out, and what is neither file, folder nor link, are passed over.
 */
export class Tree {
  readonly #options: TreeOptions
  readonly #folders = new Map<string, number>()
  readonly #others = new Set<string>()
  readonly #files = new Set<string>()
  readonly #links: { name: string; target: string }[] = []
  #temporary = ''

  constructor(options: TreeOptions) {
    this.#options = options
  }

  async take(member: TarMember): Promise<void> {
    const { progress, refuse, shown } = this.#options
    const name = nameBelow(member.name)
    if (name === null) throw refuse(member.name, 'has a name that leads outside, or none')
    const isTop = name === ''
    const isKnown = this.#folders.has(name) || this.#others.has(name)
    const above = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : ''
    if (isKnown || isTop !== (this.#folders.size === 0) || !(isTop || this.#folders.has(above)))
      throw refuse(member.name, 'comes twice, or before the folder it is in')
    if (member.kind === 'folder') return this.#folder(name, member.header.mode & 0o777)
    if (isTop) throw refuse(member.name, 'is not the folder that was asked for')
    this.#others.add(name)
    if (member.kind === 'file') await this.#file(name, member)
    else if (member.header.type === '1') await this.#same(name, member)
    else if (member.header.type === '2' && leadsInside(name, member.target))
      this.#links.push({ name, target: member.target })
    else progress.result.skipped.push(shown(name))
  }

  /** What can only be done when all has come. */
  async finish(): Promise<void> {
    for (const { name, target } of this.#links)
      await this.#replace(name, (temporary) => symlink(bytes(target), temporary))
    for (const [name, mode] of [...this.#folders].reverse())
      await this.#onHost(name, (path) => chmod(path, mode))
  }

  async #folder(name: string, mode: number): Promise<void> {
    await this.#onHost(name, (path) => makeFolder(path, name === ''))
    this.#folders.set(name, mode)
    if (name === '') this.#temporary = await workName(temporaries)
    await this.#onHost(name, (path) => sweepWork(path.toString(), temporaries))
  }

  async #file(name: string, member: TarMember): Promise<void> {
    const { progress, refuse } = this.#options
    const { mode, time, size: stored } = member.header
    if (member.size !== stored) throw refuse(name, 'is sparse, which was not asked for')
    await this.#replace(name, (temporary) =>
      writeFile(temporary, { mode: mode & 0o777, time, pieces: member.pieces(), progress }),
    )
    this.#files.add(name)
    progress.result.files++
  }

  /** Another name of a file that came before. */
  async #same(name: string, member: TarMember): Promise<void> {
    const first = nameBelow(member.target)
    if (first === null || !this.#files.has(first))
      throw this.#options.refuse(name, 'is a hard link to a file that was not sent')
    await this.#replace(name, (temporary) => link(this.#at(first), temporary))
    this.#files.add(name)
    this.#options.progress.result.files++
  }

  async #replace(name: string, make: (temporary: Buffer) => Promise<void>): Promise<void> {
    const above = name.includes('/') ? `${name.slice(0, name.lastIndexOf('/'))}/` : ''
    const temporary = this.#at(above + this.#temporary)
    await this.#onHost(name, async (path) => {
      try {
        await make(temporary)
        renameSync(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    })
  }

  #at(name: string): Buffer {
    const { to } = this.#options
    return Buffer.from((name === '' ? to : below(to, bytes(name))) as string)
  }

  async #onHost(name: string, work: (path: Buffer) => Promise<void>): Promise<void> {
    const path = this.#at(name)
    try {
      await work(path)
    } catch (error) {
      throw explainHost(path.toString(), error)
    }
  }
}

/** A link in the way is not followed: the guest may have put it there with an earlier copy. */
async function makeFolder(path: Buffer, top: boolean): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
    const there = top ? await stat(path) : await lstat(path)
    if (!there.isDirectory())
      throw hostError(path.toString(), {
        why: 'already exists and is not a folder',
        hint: 'remove it, or copy to another place',
      })
    await chmod(path, 0o700)
  }
}

function bytes(name: string): Buffer {
  return Buffer.from(name, 'latin1')
}
