import { stat } from 'node:fs/promises'
import { type Document, parseDocument, stringify } from 'yaml'
import { PosadaError } from '../errors/index.ts'
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
}

/** By what the manifest names the box by, then by architecture. */
export type LockedBoxes = Map<string, Map<string, LockedBox>>

const sizeLimit = 1024 * 1024
const heading = `# Written by posada: what the boxes of this project came to, for everybody who works on it.
# Commit it. \`posada box update\` moves it.
`

const hash = text({ pattern: /^[0-9a-f]{64}$/, problem: 'not a SHA-256 in lower-case hexadecimal' })
const lockedBox = record<LockedBox>({
  name: text({ max: 200 }),
  version: text({ max: 200 }),
  digest: hash,
  recipe: optional(hash),
  url: optional(text({ max: 4000 })),
  checksum: optional(text({ pattern: /^sha(256|384|512):[0-9a-f]{64,128}$/, problem: 'not a checksum' })),
})
const lockfile = record<{ version: 1; boxes: LockedBoxes }>({
  version: oneOf([1]),
  boxes: mapOf(mapOf(lockedBox, { max: 10 }), { max: 1000 }),
})

/** What posada.lock holds; nothing where there is none. E_LOCKFILE. */
export async function readLockfile(path: string): Promise<LockedBoxes> {
  if ((await sizeOf(path)) > sizeLimit) throw unusable(path, [`it is larger than ${sizeLimit} bytes`])
  const written = await readTextIfThere(path)
  if (written === null) return new Map()
  const document = parseDocument(written, { schema: 'failsafe' })
  const [flaw] = document.errors
  if (flaw !== undefined) throw unusable(path, [flaw.message.split('\n')[0] ?? flaw.code], flaw)
  const result = readShape(lockfile, withVersion(plain(document, path)))
  if ('flaws' in result) throw unusable(path, result.flaws.slice(0, 10))
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

function plain(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    // An alias, of which there are to be none.
    if (cause instanceof ReferenceError) throw unusable(path, [cause.message], cause)
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

function unusable(path: string, flaws: readonly string[], cause?: unknown): PosadaError {
  return new PosadaError('E_LOCKFILE', `${path} cannot be understood: ${flaws[0]}`, {
    value: path,
    details: flaws,
    hint: 'mend it (merge conflicts stand in it as <<<<<<<), or take it back from version control; posada box update writes it anew',
    ...(cause === undefined ? {} : { cause }),
  })
}
