import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { ended, launcher, makePlace } from '../helpers/posada.ts'

const root = join(import.meta.dirname, '..', '..')

/** What takes long to load, and a command that only looks does without. */
const heavy = ['execa', 'ssh2', 'koffi', 'ora', 'tar-stream']

/** The packages whose code a command loads, from what V8 says of the scripts that it ran. */
async function packagesLoaded(...args: string[]): Promise<string[]> {
  const place = makePlace()
  onTestFinished(place.remove)
  writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nbox: posada/tiny\n')
  const coverage = join(place.dir, 'coverage')
  const env = { ...place.env, NODE_V8_COVERAGE: coverage }
  const child = spawn(process.execPath, [launcher, ...args], { cwd: place.dir, env })
  child.stdin.end()
  expect(await ended(child)).toMatchObject({ code: 0, stderr: '' })
  const scripts = readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as { result: { url: string }[] }
    return result.map(({ url }) => url).filter((url) => url.startsWith('file:'))
  })
  const { outputs } = JSON.parse(readFileSync(join(root, 'dist', 'meta.json'), 'utf8')) as {
    outputs: Record<string, { inputs: object }>
  }
  const files = scripts.flatMap((url) => {
    const path = fileURLToPath(url).slice(root.length + 1)
    return Object.keys(outputs[path]?.inputs ?? { [path]: true })
  })
  return [
    ...new Set(files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? 'posada')),
  ]
}

it.each(['status', 'ports'])('posada %s loads nothing that takes long', async (command) => {
  const packages = await packagesLoaded(command)
  expect(packages).toContain('yaml')
  expect(packages.filter((name) => heavy.includes(name))).toEqual([])
})

it('posada --version loads no package at all', async () => {
  expect(await packagesLoaded('--version')).toEqual(['posada'])
})
