import { readFile } from 'node:fs/promises'
import { isErrno } from '../../lib/files/errno.ts'

const hostFiles = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list']

/**
 * Where mmdebstrap takes packages from: the host's own apt sources where they are for the same
 * release (a local mirror may be all that can be reached), else none, which means deb.debian.org
 * with its updates and security fixes. The image itself always gets Debian's standard sources.
 */
export async function aptSources(suite: string): Promise<string[]> {
  for (const file of hostFiles) {
    const text = await readIfThere(file)
    if (text !== null && offersSuite(text, suite)) return [file]
  }
  return []
}

/** Whether sources in one of apt's two formats have the suite itself and not just its updates. */
export function offersSuite(text: string, suite: string): boolean {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .some((line) => /^(Suites:|deb\s)/.test(line) && line.split(/\s+/).includes(suite))
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return null
    throw error
  }
}
