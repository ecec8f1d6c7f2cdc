import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Emit } from '../../src/events/index.ts'
import { type SyncPair, type SyncReport, syncOnce } from '../../src/sync/index.ts'
import { type LocalShell, localGuest } from './local-guest.ts'

export interface TestPair extends SyncPair, Disposable {
  sync(emit?: Emit): Promise<SyncReport>
  /** What differs between the two folders, modes and links too; empty where they are equal. */
  differences(): string
  /** What is in the trash: the side and the path of each file. */
  trash(): string[]
}

/** Two folders of this host, of which the second is reached through a shell as a guest's would be; `setUp` runs in it first. */
export function makePair(shell: LocalShell, settings: Partial<SyncPair> = {}, setUp = ''): TestPair {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'posada-sync-')))
  const pair: SyncPair = {
    from: join(dir, 'host'),
    to: join(dir, 'guest'),
    exclude: [],
    ignoreFiles: true,
    git: false,
    merge: false,
    stateDir: join(dir, 'state'),
    ...settings,
  }
  mkdirSync(pair.from, { recursive: true })
  const guest = localGuest(shell, setUp)
  const { signal } = new AbortController()
  return {
    ...pair,
    sync: (emit = () => undefined) => syncOnce(pair, guest, { emit, signal }),
    differences: () => differences(pair.from, pair.to),
    trash: () => trash(join(pair.stateDir, 'trash')),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** As `find` and `sha256sum` of this host see them. */
function differences(from: string, to: string): string {
  const script = `list() { cd "$1"; find . -mindepth 1 ! -type d -printf '%p %y %m %l\\n' -o -mindepth 1 -printf '%p %y %m\\n' | sort; find . -type f -print0 | sort -z | xargs -0 -r sha256sum; }
list "$1" >"$1.list"; list "$2" >"$2.list"; diff "$1.list" "$2.list"; rm "$1.list" "$2.list"`
  return execFileSync('bash', ['-c', script, 'bash', from, to], {
    env: { ...process.env, LC_ALL: 'C' },
  }).toString('latin1')
}

function trash(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.replace(/^\d+-\d+-(host|guest)\//, '$1 '))
    .sort()
}
