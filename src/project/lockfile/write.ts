import { stringify } from 'yaml'
import { PosadaError } from '../../errors/index.ts'
import { writeFileAtomic } from '../../lib/files/write-file.ts'
import { yamlExcess } from '../../lib/text/yaml-bounds.ts'
import { readShape } from '../../lib/values/shape.ts'
import { type Lockfile, lockfileLimit, lockfileShape } from './model.ts'

const heading = `# Written by posada: what boxes, base manifests and scripts of this project came to, for everybody who works on it.
# Commit it. \`posada box update\` moves it.
`

/**
 * Writes it whole or not at all, sorted, so that a change of one entry is a change of its lines alone. E_LOCKFILE
 * where no one could read it then: it would be too large.
 */
export async function writeLockfile(path: string, { boxes, files, layers }: Lockfile): Promise<void> {
  const sortedBoxes = [...boxes]
    .sort(byKey)
    .map(([source, archs]) => [source, Object.fromEntries([...archs].sort(byKey))])
  const sortedFiles = [...files].sort(byKey).map(([url, digest]) => [url, `sha256:${digest}`])
  const document = {
    version: 1,
    boxes: Object.fromEntries(sortedBoxes),
    ...(files.size === 0 ? {} : { files: Object.fromEntries(sortedFiles) }),
    ...(layers.size === 0 ? {} : { layers: Object.fromEntries([...layers].sort(byKey)) }),
  }
  const text = heading + stringify(document, { lineWidth: 0 })
  const result = readShape(lockfileShape, document)
  const flaws = 'flaws' in result ? result.flaws : []
  const size = Buffer.byteLength(text)
  if (size > lockfileLimit) flaws.push(`it is larger than ${lockfileLimit} bytes`)
  const excess = yamlExcess(text)
  if (excess !== null) flaws.push(`it ${excess}`)
  if (flaws.length > 0) throw unreadable(path, flaws)
  await writeFileAtomic(path, text)
}

function unreadable(path: string, flaws: readonly string[]): PosadaError {
  return new PosadaError(
    'E_LOCKFILE',
    `${path} is left as it is, for it could not be read again: ${flaws[0]}`,
    {
      value: path,
      details: flaws.slice(0, 10),
      hint: 'remove entries that the manifest no longer uses, or use fewer there',
    },
  )
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : Number(a > b)
}
