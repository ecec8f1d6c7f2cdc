import { lstat } from 'node:fs/promises'
import { type Document, isScalar, parseDocument, visit } from 'yaml'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import { yamlExcess } from '../../lib/text/yaml-bounds.ts'
import { readShape } from '../../lib/values/shape.ts'
import { type Lockfile, lockfileLimit, lockfileShape } from './model.ts'

/** What posada.lock holds; nothing where there is none. E_LOCKFILE. */
export async function readLockfile(path: string): Promise<Lockfile> {
  if ((await sizeOf(path)) > lockfileLimit) throw unusable(path, [`it is larger than ${lockfileLimit} bytes`])
  const written = await readTextIfThere(path)
  if (written === null) return { boxes: new Map(), files: new Map(), layers: new Map() }
  const excess = yamlExcess(written)
  if (excess !== null) throw unusable(path, [`it ${excess}`], { hint: takeBack })
  // The library compares each key with all before it, which takes minutes for a hostile file.
  const document = parseDocument(written, {
    schema: 'failsafe',
    uniqueKeys: false,
    logLevel: 'error',
  })
  const [flaw] = document.errors
  if (/^(<{7}|>{7}) /m.test(written))
    throw unusable(path, ['it contains a merge conflict'], { hint: merge, cause: flaw })
  if (flaw !== undefined) throw unusable(path, [flaw.message.split('\n')[0] ?? flaw.code], { cause: flaw })
  const twice = keyTwice(document)
  if (twice !== null) throw unusable(path, [`it has '${twice.slice(0, 100)}' twice`])
  const data = withVersion(plain(document, path))
  if (data !== null && typeof data === 'object' && 'version' in data && Number(data.version) > 1)
    throw unusable(path, [`it has format ${data.version}, and this Posada knows format 1`], {
      hint: 'update Posada',
    })
  const result = readShape(lockfileShape, data)
  if ('flaws' in result) throw unusable(path, result.flaws.slice(0, 10))
  const { boxes = new Map(), files = new Map(), layers = new Map() } = result.value
  const digests = [...files].map(([url, text]): [string, string] => [url, text.replace('sha256:', '')])
  return { boxes, files: new Map(digests), layers }
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
    if (cause instanceof ReferenceError) throw unusable(path, [cause.message], { cause })
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
    const found = await lstat(path)
    if (!found.isFile())
      throw unusable(path, ['it is not an ordinary file'], { hint: 'put the file itself in its place' })
    return found.size
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 0
    throw error
  }
}

const takeBack =
  'take it back from version control; or remove it: the next posada up writes it again, with the newest boxes that fit'
const merge =
  'take one side whole (git checkout --ours posada.lock, or --theirs): the next posada up adds what it lacks'

function unusable(
  path: string,
  flaws: readonly string[],
  { hint = takeBack, cause }: { hint?: string; cause?: unknown } = {},
): PosadaError {
  return new PosadaError('E_LOCKFILE', `${path} cannot be understood: ${flaws[0]}`, {
    value: path,
    details: flaws,
    hint,
    ...(cause === undefined ? {} : { cause }),
  })
}
