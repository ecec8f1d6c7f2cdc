import type { Stats } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { dirname, posix, resolve } from 'node:path'
import { type AnyPath, below, onPath } from '../../lib/files/byte-path.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { sweepWork, workName } from '../../lib/process/work-folder.ts'
import type { ByteReader } from '../../lib/tar/byte-reader.ts'
import { tarMembers } from '../../lib/tar/tar-members.ts'
import type { GuestShells } from '../session.ts'
import { explainHost, guestError, hostError, notAccessible } from './errors.ts'
import { introduction, packScript, unsizedLimit } from './guest-pack.ts'
import { guestPath } from './guest-path.ts'
import { problemMark } from './guest-tar.ts'
import { type CopyOptions, type CopyResult, Progress, type Way } from './options.ts'
import { receive } from './receive.ts'
import { Tree } from './take-tree.ts'
import { temporaries, writeFile } from './write-file.ts'

/** What a folder of a guest may hold. */
const limits = { members: 1_000_000, headers: 2 ** 30 }
/** What GNU tar says where it ends with 1, though nothing but the files themselves were not at rest. */
const changedMeanwhile = /^tar: .*(changed as we read it|removed before we read it|shrank by)/m

/**
 * Copies a file or a folder of the guest to the host, a folder as one tar stream; the counterpart of `upload`. The guest
 * is not trusted: names that are not plain are refused, nothing is written through a link, a file is read only up to
 * the size that was given, set-user-id bits are dropped, and links that lead out of the folder are left out (`skipped`).
 * A file is there whole or not at all. Throws E_COPY, E_SSH_LOST, or the signal's reason.
 */
export function download(
  session: GuestShells,
  { from, to, ...options }: CopyOptions & Way,
): Promise<CopyResult> {
  return downloadEach(session, [{ from, to }], options)
}

/** The same for several, one after the other. */
export async function downloadEach(
  session: GuestShells,
  ways: readonly Way[],
  options: CopyOptions = {},
): Promise<CopyResult> {
  const progress = new Progress(options)
  for (const way of ways) await downloadOne(session, way, { progress, signal: options.signal })
  return progress.result
}

async function downloadOne(
  session: GuestShells,
  { from, to: written }: Way,
  { progress, signal }: { progress: Progress; signal: AbortSignal | undefined },
): Promise<void> {
  signal?.throwIfAborted()
  const path = guestPath(from)
  const to = await destination(path, written)
  const receiving = {
    command: { script: packScript, args: [path] },
    signal,
    explain: (code: number, said: string) => failureOf(session, { path, code, said }),
  }
  await receive(session, receiving, (reader) => new Download(session, { path, to, progress }).take(reader))
}

class Download {
  readonly #session: GuestShells
  readonly #path: AnyPath
  readonly #to: AnyPath
  readonly #progress: Progress

  constructor(
    session: GuestShells,
    { path, to, progress }: { path: AnyPath; to: AnyPath; progress: Progress },
  ) {
    this.#session = session
    this.#path = path
    this.#to = to
    this.#progress = progress
  }

  async take(reader: ByteReader): Promise<void> {
    const first = (await reader.exactly(introduction))?.toString('latin1').trimEnd() ?? ''
    const [, size, mode, time] = /^file (\d{1,15}) ([0-7]{1,5}) (-?\d{1,11})$/.exec(first) ?? []
    if (first === 'folder') await this.#tree(reader)
    else if (size === undefined) throw this.#refuse('', 'is sent in an unknown form')
    else
      await this.#file(reader, {
        size: Number(size),
        mode: Number.parseInt(mode ?? '', 8),
        time: Number(time),
      })
  }

  async #tree(reader: ByteReader): Promise<void> {
    const refusal = {
      refused: (problem: string) => this.#refuse('', `sends an archive that cannot be read: ${problem}`),
      truncated: () => this.#short(),
    }
    const refuse = this.#refuse.bind(this)
    const shown = this.#shown.bind(this)
    await onHost(this.#to, () => sweepWork(dirname(this.#to.toString()), temporaries))
    const tree = new Tree({ to: this.#to, progress: this.#progress, refuse, shown })
    for await (const member of tarMembers(reader, refusal, limits)) await tree.take(member)
    await tree.finish()
  }

  async #file(reader: ByteReader, { size, mode, time }: { size: number; mode: number; time: number }) {
    if (size > 0) this.#progress.total = this.#progress.result.bytes + size
    const temporary = below(onPath(this.#to, dirname), await workName(temporaries))
    const pieces = this.#pieces(reader, size)
    await onHost(this.#to, async () => {
      await sweepWork(dirname(this.#to.toString()), temporaries)
      try {
        await writeFile(temporary, { mode: mode & 0o777, time, pieces, progress: this.#progress })
        await rename(temporary, this.#to)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    })
    this.#progress.result.files++
  }

  /** A file of unknown size may end anywhere, and one that was cut short meanwhile before its size. */
  async *#pieces(reader: ByteReader, size: number) {
    const limit = size === 0 ? unsizedLimit : size
    for (let offset = 0; ; ) {
      const bytes = await reader.some(2 ** 20)
      if (bytes === null) return
      if (offset + bytes.length > limit) throw this.#refuse('', 'sends more than the size of the file')
      yield { offset, bytes }
      offset += bytes.length
    }
  }

  #refuse(name: string, why: string): Error {
    return guestError(this.#session, this.#shown(name), {
      why,
      hint: 'what the guest sends cannot be trusted',
    })
  }

  #shown(name: string): string {
    const path = this.#path.toString()
    return name === '' ? path : posix.join(path, Buffer.from(name, 'latin1').toString())
  }

  #short(): Error {
    return guestError(this.#session, this.#path, { why: 'arrived incomplete', hint: 'copy it again' })
  }
}

const problems: Record<string, [why: string, hint: string]> = {
  tool: ['is not installed in the guest', 'install the package tar there'],
  missing: ['does not exist', 'relative paths start in the home folder'],
  odd: ['is neither a file nor a folder', 'only files and folders are copied'],
}

function failureOf(
  session: GuestShells,
  { path: bytes, code, said }: { path: AnyPath; code: number; said: string },
): Error | null {
  const path = bytes.toString()
  if (code === 0 || (code === 1 && changedMeanwhile.test(said))) return null
  const [, word = '', about = path] = new RegExp(`^${problemMark} (\\w+) (.*)$`, 'm').exec(said) ?? []
  const [, denied] = /^(?:tar|head): (.*): (?:.*: )?Permission denied$/m.exec(said) ?? []
  if (word === 'closed') return notAccessible(session, about)
  if (denied !== undefined)
    return notAccessible(session, posix.join(path, denied.replace(/^can't open '(.*)'$/, '$1')))
  const last = said.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  const [why, hint] = problems[word] ?? [`cannot be copied (${last})`, 'does something else have that name?']
  return guestError(session, about, { why, hint })
}

async function onHost(path: AnyPath, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw explainHost(path, error)
  }
}

/** Absolute: below a folder that is there, else under the name that was given. */
async function destination(from: AnyPath, written: AnyPath): Promise<AnyPath> {
  const absolute = (path: AnyPath) => onPath(path, (text) => resolve(text))
  const there = await statIfThere(written)
  if (there?.isDirectory() === true) {
    const name = onPath(from, (text) => posix.basename(text))
    return absolute(['', '.', '..'].includes(name.toString()) ? written : below(written, name))
  }
  if (written.toString().endsWith('/'))
    throw hostError(written, { why: 'is not a folder', hint: 'create it first, or leave out the slash' })
  // By renaming a file over it, root would take a device from the whole host.
  if (there?.isFile() === false)
    throw hostError(written, {
      why: 'is a device or a pipe',
      hint: 'write to it with posada exec … -- cat FILE',
    })
  return absolute(written)
}

async function statIfThere(path: AnyPath): Promise<Stats | null> {
  try {
    return await stat(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw explainHost(path, error)
  }
}
