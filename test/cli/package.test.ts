import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/lib/files/package-root.ts'
import { makePlace, type Place } from '../helpers/posada.ts'

// What npm would publish, installed as a user would: about 20 s, most of which npm takes to fetch the dependencies.
let place: Place
let posada: (...args: string[]) => Promise<string>

beforeAll(async () => {
  place = makePlace()
  const prefix = join(place.dir, 'prefix')
  mkdirSync(prefix)
  const npm = (...args: string[]) => execa('npm', [...args, '--loglevel=error'], { cwd: packageRoot() })
  const { stdout } = await npm('pack', '--json', '--pack-destination', place.dir)
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline']
  await npm('install', '--global', '--prefix', prefix, ...quiet, join(place.dir, filename))
  const project = join(place.dir, 'shop')
  mkdirSync(project)
  const program = join(prefix, 'bin', 'posada')
  posada = async (...args) =>
    (await execa(program, args, { cwd: project, env: place.env, extendEnv: false })).stdout
}, 180_000)
afterAll(() => place.remove())

test('the package of npm pack installs, and its command works', async () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string
  }
  expect(await posada('--version')).toBe(`posada ${version}`)
  await posada('init')
  expect(existsSync(join(place.dir, 'shop', 'posada.yaml'))).toBe(true)
  // A path from the manifest, in the project itself: a fresh clone has it, without a network and without Posada.
  const [modeline = ''] = readFileSync(join(place.dir, 'shop', 'posada.yaml'), 'utf8').split('\n')
  const [, file = ''] = /^# yaml-language-server: \$schema=([\w.]+)$/.exec(modeline) ?? []
  const beside = readFileSync(join(place.dir, 'shop', file), 'utf8')
  expect(JSON.parse(beside)).toEqual(JSON.parse(await posada('schema')))
  expect(JSON.parse(await posada('validate', '--json'))).toMatchObject({ valid: true, name: 'shop' })
  expect(JSON.parse(await posada('box', 'list', '--json'))).toMatchObject({
    boxes: [],
    recipes: expect.arrayContaining(['debian/12', 'posada/tiny']),
  })
  expect(await posada('__complete', '--', 'u')).toMatch(/^up\t/)
  // With koffi, the one dependency with native code, in a process of its own.
  const { checks } = JSON.parse(await posada('doctor', '--json').catch(({ stdout }) => stdout))
  const kvm = checks.find(({ name }: { name: string }) => name === 'provider:kvm')
  expect(kvm.message).not.toMatch(/koffi|module/i)
}, 60_000)

test('its library for tests is found by name, with its types', async () => {
  const folder = join(place.dir, 'tests')
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true })
  const modules = (...path: string[]) => join(packageRoot(), 'node_modules', ...path)
  symlinkSync(
    join(place.dir, 'prefix', 'lib', 'node_modules', 'posada'),
    join(folder, 'node_modules', 'posada'),
  )
  symlinkSync(modules('@types', 'node'), join(folder, 'node_modules', '@types', 'node'))
  const text = `import { environment, type Machine } from 'posada/test'
try {
  await using env = await environment({ manifest: { machines: { db: { box: 'no/such' } } }, rewindable: false })
  const db: Machine = env.machine('db')
  const { stdout, exitCode }: { stdout: string; exitCode: number } = await db.exec(['true'], { input: 'x' })
  await env.conditions({ latency: '40ms' }, { between: ['db', 'db'] })
  // @ts-expect-error: there is none of this name
  await env.conditions({ latencies: '40ms' })
  console.log(stdout, exitCode)
} catch (error) {
  console.log((error as { code: string }).code)
}
`
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'one.ts'), text)
  const flags = [
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2023,esnext.disposable',
    '--strict',
  ]
  const tsc = modules('typescript', 'bin', 'tsc')
  const options = { cwd: folder, env: place.env, extendEnv: false }
  await execa(process.execPath, [tsc, ...flags, '--skipLibCheck', '--types', 'node', 'one.ts'], options)
  const { stdout } = await execa(process.execPath, ['one.js'], options)
  expect(stdout).toMatch(/^E_BOX_/)
}, 60_000)

test('holds nothing but the program, its boxes and templates', async () => {
  const { stdout } = await execa('npm', ['pack', '--dry-run', '--json', '--loglevel=error'], {
    cwd: packageRoot(),
  })
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
  const tops = new Set(files.map(({ path }) => path.split('/')[0]))
  const expected = [
    'LICENSE',
    'README.md',
    'bin',
    'boxes',
    'dist',
    'oclif.manifest.json',
    'package.json',
    'posada.schema.json',
    'templates',
  ]
  expect([...tops].sort()).toEqual(expected)
  expect(
    files.map(({ path }) => path).filter((path) => /\.(ts|tmp)$/.test(path) && !path.endsWith('.d.ts')),
  ).toEqual([])
})
