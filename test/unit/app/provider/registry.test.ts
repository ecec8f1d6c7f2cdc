import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packageNameOf, searchPlugin } from '../../../../src/app/provider/find-plugin.ts'
import { ownError } from '../../../../src/app/provider/foreign-errors.ts'
import { providerRegistry } from '../../../../src/app/provider/registry.ts'
import { isPosadaError, PosadaError } from '../../../../src/errors/index.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'posada-plug-in-'))
})

afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

const registry = (trust = { require: async () => undefined }) =>
  providerRegistry({ root, cacheDir: join(root, 'cache'), emit: () => undefined, trust })

async function install(packageName: string, manifest: unknown, files: Record<string, string>): Promise<void> {
  const folder = join(root, 'node_modules', packageName)
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, 'package.json'),
    typeof manifest === 'string' ? manifest : JSON.stringify(manifest),
  )
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}

describe('names', () => {
  test.each([
    ['acme', 'posada-provider-acme'],
    ['@corp/acme', '@corp/posada-provider-acme'],
    ['../acme', null],
    ['acme/../../x', null],
    ['', null],
    ['/etc', null],
    ['Acme', null],
    ['a'.repeat(200), null],
  ])('%s is in %s', (name, packageName) => {
    expect(packageNameOf(name)).toBe(packageName)
  })
})

describe('search', () => {
  test.each([
    ['exports for import', { exports: { import: './a.js', require: './b.cjs' } }, 'a.js'],
    ['nested conditions', { exports: { '.': { require: './b.cjs', default: { node: './a.js' } } } }, 'a.js'],
    ['exports as text', { exports: './a.js', main: 'b.cjs' }, 'a.js'],
    ['main', { main: 'a.js' }, 'a.js'],
    ['nothing', {}, 'index.js'],
  ])('honours %s', async (_, manifest, entry) => {
    await install('posada-provider-acme', manifest, {})
    const { path } = await searchPlugin('acme', join(root, 'deep', 'down'))
    expect(path).toBe(join(root, 'node_modules', 'posada-provider-acme', entry))
  })

  test('says where it looked, the project first', async () => {
    const { path, searched } = await searchPlugin('acme', root)
    expect(path).toBeNull()
    expect(searched[0]).toBe(join(root, 'node_modules'))
    expect(searched.length).toBeGreaterThan(2)
  })
})

describe('get', () => {
  test('knows the built-in one, and makes it once', async () => {
    const providers = registry()
    expect((await providers.get('qemu')).name).toBe('qemu')
    expect(await providers.get('qemu')).toBe(await providers.get('qemu'))
  })

  test('an unknown name is told with the nearest', async () => {
    await expect(registry().get('qemmu')).rejects.toMatchObject({
      code: 'E_PROVIDER_UNKNOWN',
      hint: 'did you mean qemu?',
      details: expect.arrayContaining([`looked in ${join(root, 'node_modules')}`]),
    })
    await expect(registry().get('__proto__')).rejects.toMatchObject({ code: 'E_PROVIDER_UNKNOWN' })
  })

  test.each([
    ['throws', 'throw new Error("boom")', 'cannot be loaded: boom'],
    ['exports nothing', 'export const x = 1', 'exports no `provider`'],
    ['is for another contract', 'export const provider = { contract: 99, create() {} }', 'contract 99'],
    [
      'lacks methods',
      'export const provider = { contract: 2, create: () => ({ probe() {} }) }',
      'lacks capabilities',
    ],
    ['makes nothing', 'export const provider = { contract: 2, create: () => null }', 'lacks capabilities'],
  ])('refuses a package that %s', async (_, code, message) => {
    await install('posada-provider-acme', { type: 'module' }, { 'index.js': code })
    await expect(registry().get('acme')).rejects.toMatchObject({
      code: 'E_PROVIDER_INVALID',
      message: expect.stringContaining(message),
    })
  })

  test('refuses a package whose package.json is broken', async () => {
    await install('posada-provider-acme', '{', {})
    await expect(registry().get('acme')).rejects.toMatchObject({ code: 'E_PROVIDER_INVALID' })
  })
})

describe('errors of a plug-in', () => {
  test('become our own by their code', () => {
    const foreign = Object.assign(new Error('no'), { code: 'E_CAPABILITY', hint: 'do', value: 3 })
    const own = ownError(foreign)
    expect(isPosadaError(own, 'E_CAPABILITY')).toBe(true)
    expect(own).toMatchObject({ message: 'no', hint: 'do', value: undefined, cause: foreign })
  })

  test('stay what they are otherwise', () => {
    for (const error of [
      new Error('x'),
      Object.assign(new Error('x'), { code: 'ENOENT' }),
      'text',
      new PosadaError('E_QMP', 'x'),
    ]) {
      expect(ownError(error)).toBe(error)
    }
  })
})
