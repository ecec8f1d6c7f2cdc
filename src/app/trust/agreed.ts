import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { namesIn } from '../../lib/files/folders.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { digestPattern } from '../../lib/values/box-names.ts'
import { list, oneOf, parseShape, record, text } from '../../lib/values/shape.ts'
import type { UserPaths } from '../../project/index.ts'

/** Something that a project does on this host outside its machines, for which its user is asked. */
export interface HostUse {
  /** For people, on one line: `loads the provider acme from /srv/shop/node_modules/…`. */
  what: string
  /** SHA-256 in hexadecimal of what would be done: of the very code, where code is loaded. */
  digest: string
}

/** What a user lets a project do on this host. */
export interface TrustRecord {
  version: 1
  /** The project's folder. */
  root: string
  uses: HostUse[]
}

const shape = record<TrustRecord>({
  version: oneOf([1]),
  root: text({ max: 4096 }),
  uses: list(record<HostUse>({ what: text({ max: 20_000 }), digest: text({ pattern: digestPattern }) })),
})

export interface TrustOptions {
  root: string
  user: Pick<UserPaths, 'trusted'>
  env: NodeJS.ProcessEnv
}

/** What one project may do, as its user said before, or says by POSADA_TRUST. */
export interface Trust {
  /** Those that the user has not agreed to. */
  missing(uses: readonly HostUse[]): Promise<HostUse[]>
  /** E_UNTRUSTED where there are any. */
  require(uses: readonly HostUse[]): Promise<void>
  /** The user agrees to these, and no longer to others. */
  grant(uses: readonly HostUse[]): Promise<void>
  /** Whether there was anything to take back. */
  revoke(): Promise<boolean>
}

export function trustOf({ root, user, env }: TrustOptions): Trust {
  const path = join(user.trusted, `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.json`)
  const recorded = async () => parseShape(shape, await readTextIfThere(path))?.uses ?? []
  const missing = async (uses: readonly HostUse[]) => {
    if (uses.length === 0 || trustsEverything(env)) return []
    const agreed = new Set([...(await recorded()).map(({ digest }) => digest), ...byEnvironment(env)])
    return uses.filter(({ digest }) => !agreed.has(digest))
  }
  return {
    missing,
    require: async (uses) => {
      const left = await missing(uses)
      if (left.length > 0) throw untrusted(root, left)
    },
    grant: async (uses) => {
      const record: TrustRecord = { version: 1, root, uses: [...uses] }
      await writeFileAtomic(path, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
    },
    revoke: async () => {
      const had = (await recorded()).length > 0
      await rm(path, { force: true })
      return had
    },
  }
}

/** Everything that this user has agreed to, sorted by folder. */
export async function readTrusted(folder: string): Promise<Omit<TrustRecord, 'version'>[]> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith('.json'))
  const texts = await Promise.all(names.map((name) => readTextIfThere(join(folder, name))))
  const records = texts.flatMap((each) => parseShape(shape, each) ?? [])
  return records.map(({ root, uses }) => ({ root, uses })).sort((a, b) => (a.root < b.root ? -1 : 1))
}

/** `POSADA_TRUST=1`: for CI, where whatever the repository says runs anyway. */
export function trustsEverything(env: NodeJS.ProcessEnv): boolean {
  return env.POSADA_TRUST === '1'
}

/** `POSADA_TRUST=<digest>,…`: these alone, as `posada trust --json` shows them. */
function byEnvironment({ POSADA_TRUST = '' }: NodeJS.ProcessEnv): string[] {
  return POSADA_TRUST.split(/[\s,]+/)
}

function untrusted(root: string, uses: readonly HostUse[]): PosadaError {
  const shown = uses.slice(0, 20).map(({ what }) => `it ${what.slice(0, 300)}`)
  return new PosadaError(
    'E_UNTRUSTED',
    'the project would use this computer in ways you have not agreed to',
    {
      value: root,
      details: uses.length > shown.length ? [...shown, `and ${uses.length - shown.length} more`] : shown,
      hint: 'if you trust it: posada trust; in CI set POSADA_TRUST=1',
    },
  )
}
