import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findManifest, loadManifest } from '../../../src/manifest/index.ts'
import { cpuSeconds } from '../../helpers/cpu-time.ts'
import { loadError, render, withFolder } from '../../helpers/manifest.ts'

const head = 'version: 1\nbox: debian/12\n'
const repeat = (text: (index: number) => string, count: number) =>
  Array.from({ length: count }, (_, i) => text(i)).join('')

describe('what is not an ordinary file', () => {
  test('a folder', async () => {
    await withFolder({ 'posada.yaml/x': '' }, async (cwd) => {
      await expect(loadManifest({ cwd, env: {} })).rejects.toMatchObject({
        code: 'E_MANIFEST_READ',
        message: `${join(cwd, 'posada.yaml')} is a folder`,
      })
    })
  })

  test('a named pipe does not hang', async () => {
    await withFolder({}, async (cwd) => {
      execFileSync('mkfifo', [join(cwd, 'posada.yaml')])
      await expect(loadManifest({ cwd, env: {} })).rejects.toMatchObject({ code: 'E_MANIFEST_READ' })
    })
  })

  test('a device does not hang', async () => {
    await expect(loadManifest({ cwd: '/', file: '/dev/zero', env: {} })).rejects.toMatchObject({
      code: 'E_MANIFEST_READ',
    })
  })

  test('a link that leads back to itself', async () => {
    await withFolder({}, async (cwd) => {
      await symlink('posada.yaml', join(cwd, 'posada.yaml'))
      await expect(loadManifest({ cwd, env: {} })).rejects.toMatchObject({ code: 'E_MANIFEST_READ' })
    })
  })

  test('a link that leads nowhere is spoken of, not passed over', async () => {
    await withFolder({}, async (cwd) => {
      await symlink('nowhere.yaml', join(cwd, 'posada.yaml'))
      await expect(loadManifest({ cwd, env: {} })).rejects.toMatchObject({ code: 'E_MANIFEST_MISSING' })
    })
  })

  test('an override that is a folder', async () => {
    await withFolder({ 'posada.yaml': head, 'posada.override.yaml/x': '' }, async (cwd) => {
      await expect(loadManifest({ cwd, env: {} })).rejects.toMatchObject({ code: 'E_MANIFEST_READ' })
    })
  })
})

describe('missing', () => {
  test('no manifest here or above', async () => {
    await withFolder({}, async (cwd) => {
      expect(await findManifest(cwd)).toBeNull()
      await expect(loadManifest({ cwd })).rejects.toMatchObject({
        code: 'E_MANIFEST_MISSING',
        hint: 'make one with: posada init',
      })
    })
  })

  test('posada.yml is nearly right', async () => {
    await withFolder({ 'posada.yml': head }, async (cwd) => {
      await expect(loadManifest({ cwd })).rejects.toMatchObject({
        hint: `rename ${join(cwd, 'posada.yml')} to posada.yaml`,
      })
    })
  })

  test('the file of --file', async () => {
    await withFolder({ 'posada.yaml': head }, async (cwd) => {
      await expect(loadManifest({ cwd, file: 'x/y.yaml' })).rejects.toMatchObject({
        code: 'E_MANIFEST_MISSING',
      })
      await expect(loadManifest({ cwd, file: 'posada.yaml/y.yaml' })).rejects.toMatchObject({
        code: 'E_MANIFEST_MISSING',
      })
      await expect(loadManifest({ cwd, file: 'x'.repeat(5000) })).rejects.toMatchObject({
        code: 'E_MANIFEST_READ',
      })
    })
  })

  test('the nearest manifest is taken', async () => {
    await withFolder({ 'posada.yaml': head }, async (cwd) => {
      await mkdir(join(cwd, 'a', 'b'), { recursive: true })
      await writeFile(join(cwd, 'a', 'posada.yaml'), head)
      expect(await findManifest(join(cwd, 'a', 'b'))).toBe(join(cwd, 'a', 'posada.yaml'))
      expect(await findManifest(cwd)).toBe(join(cwd, 'posada.yaml'))
    })
  })
})

describe('bytes', () => {
  test.each([
    [
      'not UTF-8',
      Buffer.concat([Buffer.from('version: 1\nname: "é'), Buffer.from([0xff, 0x22])]),
      2,
      9,
      'not in UTF-8',
    ],
    ['a character cut off', Buffer.from('version: 1\nname: é').subarray(0, -1), 2, 7, 'not in UTF-8'],
    ['UTF-16', Buffer.from('\ufeffversion: 1', 'utf16le'), 1, 1, 'UTF-16'],
    ['NUL', Buffer.from('version: 1\nbox: a\0b'), 2, 7, 'U+0000 (NUL)'],
    ['an escape character', Buffer.from('version: 1 \u001b[31m'), 1, 12, 'U+001B'],
    ['a lone carriage return', Buffer.from('version: 1\rbox: x'), 1, 11, 'carriage return'],
  ])('%s', async (_, bytes, line, column, message) => {
    const error = await loadError({ 'posada.yaml': bytes })
    expect(error.problems).toMatchObject([
      { code: 'E_YAML', place: { line, column }, message: expect.stringContaining(message) },
    ])
  })

  test('NUL by an escape', async () => {
    const error = await loadError(`${head}env: {A: "x\\0y"}`)
    expect(error.problems).toMatchObject([{ code: 'E_VALUE_INVALID', place: { line: 3, column: 10 } }])
  })
})

describe('size', () => {
  test('a file over 1 MiB', async () => {
    expect(await loadError(`${head}${'#'.repeat(1024 ** 2)}`)).toMatchObject({ code: 'E_MANIFEST_TOO_LARGE' })
  })

  test('an override and a .env over 1 MiB', async () => {
    const big = '#'.repeat(1024 ** 2 + 1)
    expect(await loadError({ 'posada.yaml': head, 'posada.override.yaml': big })).toMatchObject({
      code: 'E_MANIFEST_TOO_LARGE',
    })
    expect(await loadError({ 'posada.yaml': `${head}name: "\${A}"`, '.env': big })).toMatchObject({
      code: 'E_MANIFEST_TOO_LARGE',
    })
  })

  const bombs: Record<string, string> = {
    'aliases of aliases': `a0: &a0 [${'x,'.repeat(9)}x]\n${repeat((i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}*a${i}]\n`, 30)}`,
    'aliases as keys of a mapping': `a0: &a0 {x: 1, y: 1}\n${repeat((i) => `a${i + 1}: &a${i + 1} {x: *a${i}, y: *a${i}}\n`, 60)}`,
    'open brackets': '['.repeat(500_000),
    'brackets that are closed': `${'['.repeat(5000)}${']'.repeat(5000)}`,
    'open braces': '{a: '.repeat(200_000),
    'lists in lists in a line': '- '.repeat(400_000),
    'keys in keys in a line': '? '.repeat(400_000),
    indentation: repeat((i) => `${' '.repeat(i)}a:\n`, 1000),
    'many keys': repeat((i) => `k${i}: 1\n`, 80_000),
    'many anchors': repeat((i) => `- &a${i} 1\n`, 60_000),
    'many lines': '\n'.repeat(1_000_000),
    'many directives': '%\n'.repeat(400_000),
    'many documents': '---\n'.repeat(200_000),
    quotes: '"'.repeat(1_000_000),
  }
  test.each(Object.entries(bombs))('%s', async (_, text) => {
    const seconds = await cpuSeconds(async () => {
      expect(await loadError(text)).toMatchObject({ code: 'E_MANIFEST_TOO_LARGE' })
    })
    expect(seconds).toBeLessThan(5)
  })

  const heavy: Record<string, string> = {
    'duplicate keys': `${head}${'k: 1\n'.repeat(8_000)}`,
    'different keys': `${head}${repeat((i) => `k${i}: 1\n`, 8_000)}`,
    'one long line': `${head}name: ${'x'.repeat(1_000_000)}`,
    'one long text over lines': `${head}name: "${'a\n'.repeat(10_000)}"`,
    colons: ':'.repeat(1_000_000),
    variables: `${head}name: "${'${A}'.repeat(200_000)}"`,
    'ports that clash, in many replicas': `version: 1\ndefaults: {box: debian/12}\nmachines:\n  a: {replicas: 256, depends_on: [a], ports: [${repeat((i) => `"127.0.0.${i}:1-200:1-200",`, 200)}]}\n`,
    'wrong items': `${head}ports: [${'1,'.repeat(10_000)}1]`,
    'wrong defaults under many machines': `version: 1\ndefaults: {ports: [${'x,'.repeat(190)}x]}\nmachines:\n${repeat((i) => `  m${i}: {}\n`, 64)}`,
  }
  test.each(Object.entries(heavy))('%s', async (_, text) => {
    const seconds = await cpuSeconds(async () => {
      const error = await loadError(text)
      expect(error).toMatchObject({ code: 'E_MANIFEST_INVALID' })
      expect(error.problems.length).toBeLessThanOrEqual(100)
      for (const { place } of error.problems) expect(place?.text?.length ?? 0).toBeLessThanOrEqual(200)
    })
    expect(seconds).toBeLessThan(5)
  })

  test('counts and lengths are bounded', async () => {
    const error = await loadError(`version: 1
defaults: {box: debian/12}
machines:
${repeat((i) => `  m${i}: {}\n`, 257)}  ${'x'.repeat(64)}: {env: {${repeat((i) => `V${i}: 1, `, 501)}}}
  steps: {provision: [${'{shell: x},'.repeat(201)}]}
  name: {provision: [{name: ${'x'.repeat(101)}, shell: x}]}
`)
    expect(render(error)).toMatch(/at most 256 machines, got 260/)
    expect(render(error)).toMatch(/at most 200 steps, got 201/)
    expect(render(error)).toMatch(/at most 500 variables, got 501/)
    expect(render(error)).toMatch(/a name of 1 to 100 characters/)
  })
})

describe('a long line', () => {
  test('is cut around the place', async () => {
    const before = ' '.repeat(5000)
    const error = await loadError(`${head}env: {${before}"9": x,${before}}`)
    const place = error.problems[0]?.place
    expect(place).toMatchObject({ line: 3, column: 5007, length: 3 })
    expect(place?.text).toHaveLength(200)
    expect(place?.text?.slice(5007 - (place.textStart ?? 1)).startsWith('"9"')).toBe(true)
    expect(place?.text?.[0]).toBe('…')
    expect(place?.text?.at(-1)).toBe('…')
  })
})

describe("names of JavaScript's own", () => {
  test('are keys like any other', async () => {
    await withFolder(
      {
        'posada.yaml': `${head}env: {constructor: a, toString: b, hasOwnProperty: c}\nproviders: {qemu: {constructor: {prototype: 1}}}`,
      },
      async (cwd) => {
        const { machines } = await loadManifest({ cwd, env: {} })
        expect(Object.entries(machines[0]?.env ?? {})).toEqual([
          ['constructor', 'a'],
          ['toString', 'b'],
          ['hasOwnProperty', 'c'],
        ])
        expect(JSON.stringify(machines[0]?.providers)).toBe('{"qemu":{"constructor":{"prototype":1}}}')
      },
    )
  })

  test('are not variables', async () => {
    const error = await loadError(`${head}env: {A: "\${constructor}"}`)
    expect(error.problems).toMatchObject([{ code: 'E_VARIABLE_UNSET' }])
  })

  test('__proto__ is refused at any depth', async () => {
    const error = await loadError(`${head}providers: {qemu: {__proto__: {polluted: true}}}`)
    expect(error.problems).toMatchObject([{ code: 'E_YAML', place: { line: 3, column: 20 } }])
    expect('polluted' in {}).toBe(false)
  })
})

describe('a tag', () => {
  test.each([
    '!!binary aGk=',
    '!!binary [1]',
    '!!timestamp 2001-12-14',
    '!!omap [x: 1]',
    '!!pairs [x: 1, x: 2]',
    '!!set {x, y}',
    '!!int "5"',
    '!!float 1.5',
    '!!bool yes',
    '!!null ""',
    '!foo bar',
    '!<tag:example.com,2000:x> [{a: 1}]',
  ])('is a problem of its own wherever it stands: %s', async (value) => {
    for (const key of ['cpus', 'providers: {qemu: {machine', 'env: {A', 'provision: [{shell']) {
      const opened = key.replace(/[^{[]/g, '').split('').reverse()
      const closing = opened.map((open) => (open === '{' ? '}' : ']')).join('')
      const text = `${head}${key}: ${value}${closing}\n`
      const error = await loadError({ 'posada.yaml': text })
      expect(error.code).toBe('E_MANIFEST_INVALID')
      expect(error.problems).toContainEqual(
        expect.objectContaining({
          code: 'E_YAML',
          message: expect.stringMatching(/^tags are not supported here, found !/),
        }),
      )
    }
  })
})
