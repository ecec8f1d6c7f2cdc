import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const SOURCES = ['src', 'providers', 'tools', 'package.json', 'package-lock.json']

/** For tests that run the built command line: builds it when a source is newer. */
export default function setup(): void {
  const built = statSync(join(root, 'dist', 'main.cjs'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const manifest = statSync(join(root, 'oclif.manifest.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (Math.min(built, manifest) > newest()) return
  execFileSync(process.execPath, [join(root, 'tools', 'build.js')], { cwd: root, stdio: 'inherit' })
}

function newest(): number {
  const files = SOURCES.flatMap((source) => {
    const path = join(root, source)
    if (statSync(path).isFile()) return [path]
    return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
  })
  return Math.max(...files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0))
}
