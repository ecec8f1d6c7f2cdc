import { mkdir } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { Writable } from 'node:stream'
import { PosadaError } from '../../errors/index.ts'
import { downloadEach, exec, type SshSession } from '../../ssh/index.ts'

/** Paths that patterns may match, and bytes of their names: a guest may claim any number. */
const most = { paths: 10_000, bytes: 1024 * 1024 }

/** Prints what the patterns match in a folder, each behind a NUL; a pattern that matches nothing prints itself empty. */
const listScript = `cd -- "$1" || exit
shift
IFS=
for p; do for f in $p; do if [ -e "$f" ] || [ -L "$f" ]; then printf '%s\\0' "$f"; fi; done; printf '\\0'; done`

export interface ArtefactOptions {
  /** Paths or patterns, relative to `from`: \`out/*.tgz\`. */
  patterns: readonly string[]
  /** The workspace in the guest. */
  from: string
  /** The folder of the host that they come to, each under its own relative path. */
  to: string
  signal: AbortSignal
}

/** What came, relative to `to`, and the patterns that matched nothing. */
export interface Artefacts {
  paths: string[]
  missing: string[]
}

/** E_USAGE for a pattern that leads out of the workspace. Pure. */
export function checkPatterns(patterns: readonly string[]): void {
  for (const pattern of patterns)
    if (!isInside(pattern))
      throw new PosadaError('E_USAGE', `${JSON.stringify(pattern)} leads out of the workspace`, {
        value: pattern,
        hint: 'name artefacts relative to the workspace: --out build/report.xml',
      })
}

/** Gets files and folders out of the guest. What it names that is not in its workspace is passed over. */
export async function fetchArtefacts(session: SshSession, options: ArtefactOptions): Promise<Artefacts> {
  const { patterns, from, to, signal } = options
  if (patterns.length === 0) return { paths: [], missing: [] }
  const groups = await matches(session, options)
  const found: Artefacts = { paths: [], missing: [] }
  for (const [index, pattern] of patterns.entries()) {
    const paths = (groups[index] ?? []).map((path) => posix.normalize(path)).filter(isInside)
    if (paths.length === 0) found.missing.push(pattern)
    for (const path of new Set(paths)) {
      if (found.paths.includes(path)) continue
      found.paths.push(path)
    }
  }
  const ways = found.paths.map((path) => ({ from: posix.join(from, path), to: join(to, path) }))
  for (const way of ways) await mkdir(dirname(way.to), { recursive: true })
  if (ways.length > 0) await downloadEach(session, ways, { signal })
  return found
}

async function matches(
  session: SshSession,
  { patterns, from, signal }: ArtefactOptions,
): Promise<string[][]> {
  let text = ''
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (text.length < most.bytes) text += chunk.toString('utf8')
      done()
    },
  })
  await exec(session, ['/bin/sh', '-c', listScript, 'sh', from, ...patterns], { stdout, signal })
  const groups: string[][] = [[]]
  for (const name of text.split('\0').slice(0, -1).slice(0, most.paths))
    if (name === '') groups.push([])
    else groups.at(-1)?.push(name)
  return groups
}

/** Relative, and nowhere above where it begins. */
function isInside(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..')
}
