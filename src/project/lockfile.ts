import { stat } from 'node:fs/promises'
import { type Document, isScalar, parseDocument, stringify, visit } from 'yaml'
import { PosadaError } from '../errors/index.ts'
import { digestPattern, namePattern, userPattern, versionPattern } from '../lib/box-names.ts'
import { isErrno } from '../lib/errno.ts'
import { mapOf, oneOf, optional, readShape, record, text } from '../lib/shape.ts'
import { readTextIfThere, writeFileAtomic } from '../lib/write-file.ts'

/** What a box of the manifest came to, for one architecture. */
export interface LockedBox {
  name: string
  version: string
  /** SHA-256 of its box.json, in lower-case hexadecimal; it holds the digests of everything else. */
  digest: string
  /** Of a box that was built from a recipe: the digest of the recipe. On each host it is built anew. */
  recipe?: string
  /** Of a box that was fetched: where exactly it came from, and `sha256:…` of the file there. */
  url?: string
  checksum?: string
  /** What its file did not say of itself, and was said of it: without it the same file is another box. */
  facts?: LockedFacts
}

export interface LockedFacts {
  description?: string
  user?: string
  firmware?: 'bios' | 'uefi'
  image?: 'qcow2' | 'raw'
}

/** By what the manifest names the box by, then by architecture. */
export type LockedBoxes = Map<string, Map<string, LockedBox>>

const sizeLimit = 1024 * 1024
const heading = `# Written by posada: what the boxes of this project came to, for everybody who works on it.
# Commit it. \`posada box update\` moves it.
`

const hash = text({ pattern: digestPattern, problem: 'not a SHA-256 in lower-case hexadecimal' })
const lockedFacts = record<LockedFacts>({
  description: optional(text({ max: 500 })),
  user: optional(text({ pattern: userPattern, problem: 'not a user name' })),
  firmware: optional(oneOf(['bios', 'uefi'])),
  image: optional(oneOf(['qcow2', 'raw'])),
})
const lockedBox = record<LockedBox>({
  name: text({ pattern: namePattern, problem: 'not a name like debian/12' }),
  version: text({ pattern: versionPattern, problem: 'not a version like 20261122.1' }),
  digest: hash,
  recipe: optional(hash),
  // It comes with the repository: no file of this computer is read because of it.
  url: optional(text({ max: 4000, pattern: /^(https?|oci):\/\/\S+$/, problem: 'not an address' })),
  checksum: optional(text({ pattern: /^sha(256|384|512):[0-9a-f]{64,128}$/, problem: 'not a checksum' })),
  facts: optional(lockedFacts),
})
const lockfile = record<{ version: 1; boxes: LockedBoxes }>({
  version: oneOf([1]),
  boxes: mapOf(mapOf(lockedBox, { max: 10 }), { max: 1000 }),
})

/** What posada.lock holds; nothing where there is none. E_LOCKFILE. */
export async function readLockfile(path: string): Promise<LockedBoxes> {
  if ((await sizeOf(path)) > sizeLimit)
    throw unusable(path, [`it is larger than ${sizeLimit} bytes`], takeBack)
  const written = await readTextIfThere(path)
  if (written === null) return new Map()
  // The library compares each key with all before it, which takes minutes for a hostile file.
  const document = parseDocument(written, {
    schema: 'failsafe',
    uniqueKeys: false,
    logLevel: 'error',
  })
  const [flaw] = document.errors
  if (/^(<{7}|>{7}) /m.test(written)) throw unusable(path, ['a merge conflict stands in it'], merge, flaw)
  if (flaw !== undefined) throw unusable(path, [flaw.message.split('\n')[0] ?? flaw.code], takeBack, flaw)
  const twice = keyTwice(document)
  if (twice !== null) throw unusable(path, [`it has '${twice.slice(0, 100)}' twice`], takeBack)
  const data = withVersion(plain(document, path))
  if (data !== null && typeof data === 'object' && 'version' in data && Number(data.version) > 1)
    throw unusable(path, [`it is of form ${data.version}, and this Posada knows form 1`], 'update Posada')
  const result = readShape(lockfile, data)
  if ('flaws' in result) throw unusable(path, result.flaws.slice(0, 10), takeBack)
  return result.value.boxes
}

/** Writes it whole or not at all, sorted, so that a change of one box is a change of its lines alone. */
export async function writeLockfile(path: string, boxes: LockedBoxes): Promise<void> {
  const sorted = [...boxes]
    .sort(byKey)
    .map(([source, archs]) => [source, Object.fromEntries([...archs].sort(byKey))])
  const body = stringify({ version: 1, boxes: Object.fromEntries(sorted) }, { lineWidth: 0 })
  await writeFileAtomic(path, heading + body)
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : Number(a > b)
}

/** A key that one mapping has twice. */
function keyTwice(document: Document): string | null {
  let twice: string | null = null
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<string>()
      for (const { key } of items) {
        const text = isScalar(key) ? String(key.value) : ''
        if (seen.has(text)) twice = text
        seen.add(text)
      }
      return twice === null ? undefined : visit.BREAK
    },
  })
  return twice
}

function plain(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    // An alias, of which there are to be none.
    if (cause instanceof ReferenceError) throw unusable(path, [cause.message], takeBack, cause)
    throw cause
  }
}

/** All scalars are read as text, so that no version becomes a number. */
function withVersion(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || !('version' in data)) return data
  return { ...data, version: Number(data.version) }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 0
    throw error
  }
}

const takeBack =
  'take it back from version control; or remove it: the next posada up writes it anew, with the newest boxes that fit'
const merge =
  'take one side whole (git checkout --ours posada.lock, or --theirs): the next posada up adds what it lacks'

function unusable(path: string, flaws: readonly string[], hint: string, cause?: unknown): PosadaError {
  return new PosadaError('E_LOCKFILE', `${path} cannot be understood: ${flaws[0]}`, {
    value: path,
    details: flaws,
    hint,
    ...(cause === undefined ? {} : { cause }),
  })
}
