import { stringify } from 'yaml'
import { writeFileAtomic } from '../../lib/write-file.ts'
import type { Lockfile } from './model.ts'

const heading = `# Written by posada: what boxes, base manifests and scripts of this project came to, for everybody who works on it.
# Commit it. \`posada box update\` moves it.
`

/** Writes it whole or not at all, sorted, so that a change of one entry is a change of its lines alone. */
export async function writeLockfile(path: string, { boxes, files }: Lockfile): Promise<void> {
  const sortedBoxes = [...boxes]
    .sort(byKey)
    .map(([source, archs]) => [source, Object.fromEntries([...archs].sort(byKey))])
  const sortedFiles = [...files].sort(byKey).map(([url, digest]) => [url, `sha256:${digest}`])
  const document = {
    version: 1,
    boxes: Object.fromEntries(sortedBoxes),
    ...(files.size === 0 ? {} : { files: Object.fromEntries(sortedFiles) }),
  }
  await writeFileAtomic(path, heading + stringify(document, { lineWidth: 0 }))
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : Number(a > b)
}
