import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { resolveConflicts } from '../../src/sync/index.ts'
import type { LocalShell } from '../helpers/local-guest.ts'
import { makePair, type TestPair } from '../helpers/sync-pair.ts'
import { buildEngine } from './sync-engine.ts'

export interface SyncCampaign {
  edits: number
  kills: number
  seed: number
  shell: LocalShell
  log: (line: string) => void
}

/**
 * Edits both folders of a pair at random, at the same time, while the process that keeps them equal, or the shell in the guest's
 * place, is killed again and again. Returns what is wrong in the end: versions that are nowhere, differences between the sides.
 */
export async function syncCampaign({ edits, kills, seed, shell, log }: SyncCampaign): Promise<string[]> {
  using pair = makePair(shell)
  const graves = mkdtempSync(join(tmpdir(), 'posada-graves-'))
  const random = generator(seed)
  const engine = new Engine(pair, { shell, program: join(graves, 'engine.mjs') })
  mkdirSync(pair.to)
  try {
    await buildEngine(graves)
    engine.start()
    const editors = [pair.from, pair.to].map(
      (root, index) => new Editor(root, { graves, random, name: 'hg'[index] ?? '' }),
    )
    const killing = killAtTimes(engine, {
      kills,
      edits,
      random,
      done: () => editors.reduce((sum, { count }) => sum + count, 0),
    })
    await Promise.all(editors.map((editor) => editor.work(edits / 2)))
    await killing
    await engine.end()
    const problems = engine.failures()
    for (let round = 0; round < 3; round++) await pair.sync()
    const lost = lostVersions(pair, editors)
    const settled = await resolveConflicts(pair.stateDir, 'newest', ['*'])
    for (let round = 0; round < 3; round++) await pair.sync()
    const differences = pair.differences()
    log(
      `${shell}, seed ${seed}: ${edits} edits, ${engine.starts - 1} restarts, ${settled} conflicts, ${lost.length} lost`,
    )
    if (differences !== '') problems.push(`the sides differ:\n${differences}`)
    return [...problems, ...lost.map((version) => `lost: ${version}`)]
  } finally {
    await engine.end()
    rmSync(graves, { recursive: true, force: true })
  }
}

/** The process that keeps the pair equal. It is started again each time that it has ended. */
class Engine {
  readonly #words: string[]
  #child: ChildProcess | null = null
  #isWanted = true
  #said = ''
  starts = 0

  constructor(pair: TestPair, { shell, program }: { shell: string; program: string }) {
    const { from, to, exclude, ignoreFiles, git, merge, stateDir } = pair
    this.#words = [program, JSON.stringify({ from, to, exclude, ignoreFiles, git, merge, stateDir }), shell]
  }

  start(): void {
    this.starts += 1
    const child = spawn(process.execPath, this.#words, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    child.stderr.on('data', (bytes: Buffer) => {
      this.#said += bytes
    })
    child.once('exit', () => {
      this.#child = null
      setTimeout(() => this.#isWanted && this.start(), 50)
    })
  }

  /** Kills the process, or one shell of it with all that it runs. */
  kill(random: () => number): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    const shells = childrenOf(pid)
    const shell = shells[Math.floor(random() * shells.length)]
    try {
      if (random() < 0.6 || shell === undefined) process.kill(pid, 'SIGKILL')
      else process.kill(-shell, 'SIGKILL')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }

  async end(): Promise<void> {
    this.#isWanted = false
    const child = this.#child
    if (child === null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }

  /** What it said that is not the end of its guest. */
  failures(): string[] {
    return this.#said.includes('PosadaError') || this.#said === ''
      ? this.#said
          .split('\n')
          .filter(
            (line) =>
              /Error/.test(line) &&
              !/syncing failed in the guest|unexpected answer|another process is syncing/.test(line),
          )
      : [this.#said.slice(0, 2000)]
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

async function killAtTimes(
  engine: Engine,
  { kills, edits, random, done }: { kills: number; edits: number; random: () => number; done: () => number },
): Promise<void> {
  for (let kill = 1; kill <= kills; kill++) {
    const at = ((kill - random()) / kills) * edits
    while (done() < at) await sleep(2)
    await sleep(random() * 50)
    engine.kill(random)
  }
}

/** A user of one side, who knows which versions are gone because of what they did. */
class Editor {
  readonly #root: string
  readonly #graves: string
  readonly #random: () => number
  readonly #name: string
  readonly written = new Set<string>()
  readonly gone = new Set<string>()
  count = 0
  /** The version that the present edit writes. */
  #made = ''

  constructor(
    root: string,
    { graves, random, name }: { graves: string; random: () => number; name: string },
  ) {
    this.#root = root
    this.#graves = graves
    this.#random = random
    this.#name = name
  }

  async work(edits: number): Promise<void> {
    for (; this.count < edits; this.count++) {
      try {
        this.#edit()
      } catch (error) {
        if (this.#made !== '') this.written.delete(this.#made)
        // The other side's changes come while this one works.
        const codes = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'ELOOP']
        if (!(error instanceof Error && 'code' in error && codes.includes(String(error.code)))) throw error
      }
      await sleep(this.#random() < 0.1 ? this.#random() * 60 : this.#random() * 4)
    }
  }

  #edit(): void {
    this.#made = ''
    const path = this.#path()
    const kind = this.#random()
    if (kind < 0.3) this.#create(path)
    else if (kind < 0.5) this.#inPlace(path)
    else if (kind < 0.65) this.#over(path)
    else if (kind < 0.8) this.#bury(path)
    else if (kind < 0.86) chmodSync(path, this.#random() < 0.5 ? 0o755 : 0o644)
    else if (kind < 0.92) mkdirSync(path)
    else if (kind < 0.96) {
      this.#bury(path)
      if (this.#random() < 0.5) mkdirSync(path)
      else this.#create(path)
    } else symlinkSync(this.#version(), path)
  }

  #version(): string {
    const version = `${this.#name}${this.count}-${Math.floor(this.#random() * 2 ** 40).toString(36)}`
    this.written.add(version)
    this.#made = version
    return version
  }

  #create(path: Buffer): void {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return
    writeFileSync(path, this.#version(), { flag: 'wx' })
  }

  #inPlace(path: Buffer): void {
    if (lstatSync(path).isSymbolicLink()) return
    const file = openSync(path, 'r+')
    try {
      this.gone.add(readFileSync(file, 'latin1'))
      ftruncateSync(file)
      writeSync(file, this.#version(), 0)
    } finally {
      closeSync(file)
    }
  }

  /** As editors save: a file of another name takes its place. What it takes the place of is known. */
  #over(path: Buffer): void {
    const fresh = Buffer.from(join(this.#graves, `new-${this.#name}${this.count}`))
    writeFileSync(fresh, this.#version())
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false) this.#bury(path)
    linkSync(fresh, path)
    rmSync(fresh)
  }

  #bury(path: Buffer): void {
    const grave = Buffer.from(
      join(this.#graves, `${this.#name}${this.count}-${this.gone.size}-${this.#random()}`),
    )
    renameSync(path, grave)
    for (const version of versionsIn(grave)) this.gone.add(version)
  }

  #path(): Buffer {
    const names = ['a', 'b', 'c d', "e'f", 'g\nh', '-n', 'ü', '\xff']
    const depth = 1 + Math.floor(this.#random() * 3)
    const parts = Array.from(
      { length: depth },
      (_, at) => names[Math.floor(this.#random() * (at === depth - 1 ? 8 : 3))],
    )
    return Buffer.concat([Buffer.from(`${this.#root}/`), Buffer.from(parts.join('/'), 'latin1')])
  }
}

/** Versions that no one replaced or removed, and that are on neither side and not in the trash. */
function lostVersions(pair: TestPair, editors: readonly Editor[]): string[] {
  const found = new Set(
    [pair.from, pair.to, join(pair.stateDir, 'trash')].flatMap((root) => versionsIn(Buffer.from(root))),
  )
  const gone = new Set(editors.flatMap((editor) => [...editor.gone]))
  return editors.flatMap(({ written }) =>
    [...written].filter((version) => !found.has(version) && !gone.has(version)),
  )
}

function versionsIn(path: Buffer): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return []
  if (stat.isSymbolicLink()) return [readlinkSync(path)]
  if (!stat.isDirectory()) return [readFileSync(path, 'latin1')]
  return readdirSync(path, { encoding: 'buffer' }).flatMap((name) =>
    versionsIn(Buffer.concat([path, Buffer.from('/'), name])),
  )
}

/** A linear congruential generator, so that a seed gives the same edits again. Source: Numerical Recipes, 7.1. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
