import { spawn } from 'node:child_process'
import { chownSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { ended, launcher, makePlace } from '../helpers/posada.ts'

const root = join(import.meta.dirname, '..', '..')

/** What takes long to load, and a command that only looks does without. */
const heavy = ['execa', 'ssh2', 'koffi', 'ora', 'tar-stream']

interface Script {
  url: string
  functions: { functionName: string; ranges: { count: number }[] }[]
}

function projectPlace() {
  const place = makePlace()
  onTestFinished(place.remove)
  const steps = '[{name: a, shell: "true"}, {name: b, ansible: {playbook: ops/site.yml}}]'
  writeFileSync(
    join(place.dir, 'posada.yaml'),
    `version: 1\nbox: posada/tiny\nsync: [{from: ops, to: /srv/ops}]\nprovision: ${steps}\n`,
  )
  mkdirSync(join(place.dir, 'ops'))
  writeFileSync(join(place.dir, 'ops', 'site.yml'), '[]\n')
  return { ...place, kept: join(place.dir, '..', 'cache', 'posada', 'code') }
}

/**
 * The files that a command loads and the packages whose code it runs, from what V8 says. In what the build makes each
 * file of a package is a function of that name.
 */
async function loaded(...args: string[]): Promise<{ files: string[]; packages: string[] }> {
  return loadedBy(args, { code: 0, stderr: '' })
}

async function loadedBy(args: string[], end: object): Promise<{ files: string[]; packages: string[] }> {
  const place = projectPlace()
  const coverage = join(place.dir, 'coverage')
  const env = { ...place.env, NODE_V8_COVERAGE: coverage, POSADA_TRUST: '1' }
  const child = spawn(process.execPath, [launcher, ...args], { cwd: place.dir, env })
  child.stdin.end()
  expect(await ended(child)).toMatchObject(end)
  const scripts = readdirSync(coverage).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as { result: Script[] }
    return result.filter(({ url }) => url.startsWith('file:'))
  })
  const ran = scripts.flatMap(({ functions }) =>
    functions.filter(({ ranges }) => ranges.some(({ count }) => count > 0)).map((each) => each.functionName),
  )
  const packages = ran.map((name) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1])
  return {
    files: scripts.map(({ url }) => fileURLToPath(url).slice(root.length + 1)).sort(),
    packages: [...new Set(packages.filter((name) => name !== undefined))],
  }
}

const program = ['bin/posada.js', 'dist/main.cjs', 'dist/posada.cjs']

it.each(['status', 'ports'])('posada %s loads nothing that takes long', async (command) => {
  const { files, packages } = await loaded(command)
  expect(files).toEqual(program)
  expect(packages).toEqual(expect.arrayContaining(['yaml', '@oclif/core']))
  expect(packages.filter((name) => heavy.includes(name))).toEqual([])
})

// As far as it goes without a machine: where a process keeps the folders equal it needs a socket and no connection.
it('posada sync loads nothing that takes long before it has to connect', async () => {
  const { files, packages } = await loadedBy(['sync'], { stderr: expect.stringContaining('E_NOT_CREATED') })
  expect(files).toEqual(program)
  expect(packages.filter((name) => heavy.includes(name))).toEqual([])
})

it('posada __complete does without oclif', async () => {
  const { files, packages } = await loaded('__complete', '--', 'u')
  expect(files).toEqual(program)
  expect(packages).not.toContain('@oclif/core')
})

it('posada --version loads nothing else', async () => {
  expect(await loaded('--version')).toEqual({ files: ['bin/posada.js'], packages: [] })
})

it('keeps what was compiled for the next command, in a folder of the user’s own', async () => {
  const place = projectPlace()
  const first = await place.run('status')
  expect(first).toMatchObject({ code: 0, stderr: '' })
  const [name = '', ...more] = readdirSync(place.kept)
  expect(more).toEqual([])
  const kept = () => statSync(join(place.kept, name), { bigint: true })
  const { mtimeNs, mode } = kept()
  expect(mode & 0o077n).toBe(0n)
  expect(await place.run('status')).toEqual(first)
  expect((await place.run('validate')).code).toBe(0)
  expect(kept().mtimeNs).toBe(mtimeNs)
})

it('does its work where that cannot be kept', async () => {
  const place = projectPlace()
  const cache = join(place.dir, '..', 'cache')
  rmSync(cache, { recursive: true })
  writeFileSync(cache, '')
  expect(await place.run('status')).toMatchObject({ code: 0, stderr: '' })
  expect(readFileSync(cache, 'utf8')).toBe('')
})

it.skipIf(process.getuid?.() !== 0)('leaves the cache folder of another user alone', async () => {
  const place = projectPlace()
  const cache = join(place.dir, '..', 'cache')
  chownSync(cache, 65534, 65534)
  await place.run('--help')
  expect(readdirSync(cache)).toEqual([])
})
