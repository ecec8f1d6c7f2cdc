import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { PosadaError } from '../errors/index.ts'
import { agent, agentOr, askAgent, openAgent } from './guest-agent.ts'
import type { Commit } from './guest-commit.ts'
import { GuestLink } from './guest-link.ts'
import type { GuestRequests } from './guest-requests.ts'
import { guestLoop, openScript } from './guest-script.ts'
import { askShell } from './guest-shell.ts'
import { sha256 } from './host-scan.ts'
import { type Listed, type Listing, ListingReader, malformed, parseListing } from './listing.ts'
import { deflate, type Packing, packedSize, packFiles, type Sending } from './pack-files.ts'
import { bytesOf } from './paths.ts'
import { type Received, receive } from './receive.ts'
import type { Stat } from './stamp.ts'
import type { GuestShell, SyncPair } from './types.ts'

/** What a commit came to, by path. */
export interface Committed {
  now: bigint
  /** What came along with it. */
  came: Map<string, Listed>
  /** What left its place. */
  out: Map<string, Listed>
  /** What could not be put in its place. */
  left: Map<string, Listed>
  /** What is there now. */
  placed: Map<string, Listed>
}

/** The folder in the guest, reached through a shell there. What the guest says is checked; E_SYNC_GUEST. */
export class GuestFolder {
  readonly #link: GuestLink
  readonly #requests: GuestRequests
  readonly root: string
  /** Names that are not looked into. */
  readonly excluded: readonly string[]
  readonly #token: string
  /** Tells the folder from another that takes its place, and the guest from one that was made again: its inode number, a dot… */
  readonly identity: string
  /** Batches that earlier processes left in the guest. */
  readonly leftOver: readonly string[]
  #count = 0

  private constructor(link: GuestLink, { token, excluded, opened }: Opened) {
    const [root = '', work = '', identity = '', ...leftOver] = opened
    this.#link = link
    this.#token = token
    this.#requests = link.isAgent ? askAgent : askShell({ root, work, token }, excluded)
    this.root = root
    this.excluded = excluded
    this.identity = identity.replaceAll(' ', '.')
    this.leftOver = leftOver.filter((name) => /^out-[0-9a-f]+-\d+$/.test(name))
  }

  static async open(pair: SyncPair, guest: GuestShell, signal: AbortSignal): Promise<GuestFolder> {
    const link = await GuestLink.open(guest, { command: agentOr(guestLoop), program: agent }, signal)
    const token = randomBytes(6).toString('hex')
    const takesBack = pair.exclude.some((pattern) => pattern.startsWith('!'))
    const excluded = [
      ...pair.exclude.filter((pattern) => !takesBack && /^[\w.-]+$/.test(pattern)),
      ...(pair.git ? [] : ['.git']),
    ]
    const request = link.isAgent ? openAgent(pair.to, token, excluded) : openScript(pair.to, token)
    const answer = (await link.ask(request)).toString('latin1')
    if (answer.startsWith('! ')) {
      link.close()
      throw new PosadaError(
        'E_SYNC_GUEST',
        `${pair.to} in the guest cannot be synced: ${answer.slice(2).trim()}`,
        {
          value: pair.to,
          hint: 'choose a folder that the login user can write to, or install what is missing',
        },
      )
    }
    return new GuestFolder(link, { token, excluded, opened: answer.split('\0').slice(0, -1) })
  }

  /** Whether two files can change places in one step, and files can come along with a commit. */
  get hasAgent(): boolean {
    return this.#link.isAgent
  }

  close(): void {
    this.#link.close()
  }

  /** Gives what is listed to `take` as it comes. */
  async list(
    scope: { deep: readonly string[] | 'all'; shallow: readonly string[] },
    take: (listed: Listed) => void,
  ): Promise<Omit<Listing, 'found'>> {
    const reader = new ListingReader(take)
    await this.#link.stream(this.#requests.list(scope), undefined, async (answer) => {
      for await (const bytes of answer) reader.feed(bytes)
    })
    return reader.finish()
  }

  /** SHA-256 of what is in files and links; those that cannot be read are missing, or have a reason after `!`. */
  async digests(suspects: ReadonlyMap<string, Stat>): Promise<Map<string, string>> {
    const digests = new Map<string, string>()
    const { digestPlain } = this.#requests
    const plain: string[] = []
    const odd: { path: string; isLink: boolean }[] = []
    for (const [path, { kind }] of suspects) {
      if (kind === 'file' && digestPlain !== undefined && !/[\\\n\r]/.test(path)) plain.push(path)
      else if (kind === 'file' || kind === 'link') odd.push({ path, isLink: kind === 'link' })
    }
    for (const some of inRequests(plain)) {
      for (const line of (await this.#ask(digestPlain?.(some) ?? '')).split('\n')) {
        const match = /^([0-9a-f]{64}) [ *]\.\/(.*)$/.exec(line)
        if (match !== null) digests.set(match[2] ?? '', match[1] ?? '')
      }
      for (const path of some) if (!digests.has(path)) digests.set(path, '!it cannot be read in the guest')
    }
    for (const some of inRequests(odd)) {
      const parts = (await this.#ask(this.#requests.digest(some))).split('\0')
      for (const [index, { path, isLink }] of some.entries()) {
        if (parts[2 * index] !== String(index)) throw malformed(parts[2 * index] ?? '')
        const text = parts[2 * index + 1] ?? ''
        const digest = isLink ? text && sha256(bytesOf(text)) : text.slice(0, 64)
        digests.set(path, /^[0-9a-f]{64}$/.test(digest) ? digest : '!it cannot be read in the guest')
      }
    }
    return digests
  }

  /** Takes files and links into files of their own in a folder of the host. */
  async get(
    paths: readonly string[],
    folder: string,
    taken: (path: string, received: Received) => Promise<void>,
  ): Promise<void> {
    for (const some of inRequests(paths))
      await this.#link.stream(this.#requests.pack(some), undefined, (answer) =>
        receive(answer, folder, taken),
      )
  }

  /** Takes what a batch moved out of its place, and then removes it there. */
  async drain(
    batch: string,
    folder: string,
    taken: (path: string, received: Received) => Promise<void>,
  ): Promise<void> {
    await this.#link.stream(this.#requests.drain(batch), undefined, (answer) =>
      receive(answer, folder, taken),
    )
    await this.#ask(this.#requests.remove(batch))
  }

  /**
   * Sends what a commit is to place. Returns what is there, by path, and what turned out to be other than it was to be: it is
   * in there all the same, and has to be dropped.
   */
  async stage(
    root: string,
    items: readonly Sending[],
    onPacked?: Packing['onPacked'],
  ): Promise<{ staged: Map<string, Listed>; spoiled: string[] }> {
    const size = packedSize(items)
    const spoiled: string[] = []
    const files = packFiles(root, items, { spoiled, onPacked })
    const isDeflated = this.#link.isAgent && size > deflating.from && size <= deflating.most
    const deflated = isDeflated ? await deflate(files) : null
    const blocks = this.#link.blocksOf(deflated?.length ?? size)
    const answer = await this.#ask(this.#requests.stage(blocks, isDeflated), deflated ?? files)
    return { staged: byPath(parseListing(written(answer))), spoiled }
  }

  /**
   * Carries a commit out, as far as the guest still is what was seen. `batch` is what `drain` takes.
   * @param archive what comes along with it, where there is an agent and nothing was staged
   */
  async commit(commit: Commit, archive: Buffer | null): Promise<Committed & { batch: string }> {
    const batch = `out-${this.#token}-${++this.#count}`
    const blocks = this.#link.blocksOf(archive?.length ?? 0)
    const request = archive === null ? undefined : this.#requests.save?.(blocks, commit, batch)
    const text = request ?? this.#requests.commit(commit, batch)
    const answer = written(await this.#ask(text, archive ?? undefined))
    const [came, all] = request === undefined ? ['', answer] : cut(answer, '//came\n')
    const [out, rest] = cut(all, '//staged\n')
    const [left, last] = cut(rest, '//placed\n')
    const { now, ...placed } = parseListing(last)
    const of = (text: string) => byPath(parseListing(text))
    return { now, came: of(came), out: of(out), left: of(left), placed: byPath(placed), batch }
  }

  /** Has all that was written put on the guest's disk; the agent takes other requests meanwhile. */
  async flush(): Promise<void> {
    for (
      let pause = 20;
      (await this.#ask(this.#requests.flush())) !== 'done';
      pause = Math.min(2 * pause, 500)
    )
      await sleep(pause)
  }

  async #ask(text: string, payload?: AsyncIterable<Buffer> | Buffer): Promise<string> {
    return (await this.#link.ask(text, payload)).toString('latin1')
  }
}

/** Bytes of an archive that is deflated: an emulated guest inflates sooner than it decrypts. A longer one is not held. */
const deflating = { from: 2 ** 18, most: 2 ** 24 }

/** What the guest said of the folder, and what it was told. */
interface Opened {
  token: string
  excluded: readonly string[]
  opened: string[]
}

/** Sections begin on lines that no listing has. */
function cut(text: string, mark: string): [string, string] {
  const at = text.startsWith(mark) ? 0 : text.indexOf(`\n${mark}`) + 1
  if (at === 0 && !text.startsWith(mark)) throw malformed(text.slice(0, 100))
  return [text.slice(0, at), text.slice(at + mark.length)]
}

/** E_SYNC_GUEST where it could not be. */
function written(answer: string): string {
  if (!answer.endsWith('//failed\n')) return answer
  throw new PosadaError('E_SYNC_GUEST', 'the guest could not write what was sent to it', {
    hint: 'its disk may be full: posada exec -- df -h',
  })
}

function byPath({ found }: Pick<Listing, 'found'>): Map<string, Listed> {
  return new Map(found.map((listed) => [listed.path, listed]))
}

/** Bytes of names in one request. */
const requestBytes = 60_000

function* inRequests<T extends string | { path: string }>(items: readonly T[]): Generator<T[]> {
  let some: T[] = []
  let size = 0
  for (const item of items) {
    some.push(item)
    size += (typeof item === 'string' ? item : item.path).length
    if (size < requestBytes) continue
    yield some
    some = []
    size = 0
  }
  if (some.length > 0) yield some
}
