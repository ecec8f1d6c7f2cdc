import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { listTemplates, manifestSchema, readTemplate } from '../../../src/manifest/index.ts'
import { load, loadError } from '../../helpers/manifest.ts'

const validate = new Ajv({
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allErrors: true,
}).compile(manifestSchema())

/** What an editor would say. */
function editorAccepts(text: string): boolean {
  return validate(parse(text))
}

const head = 'version: 1\nbox: debian/12\n'

describe('what the loader takes, the schema takes', () => {
  test.each([
    head,
    `${head}name: shop\ncpus: 2\nmemory: 1.5GiB\ndisk: 10GB\nnested: true\narch: aarch64\n`,
    `${head}cpus: "\${CPUS:-2}"\nmemory: "\${M:-1GiB}"\nnested: "\${N:-true}"\narch: "\${ARCH:-host}"\n`,
    `${head}ports: ["8080:80", "127.0.0.1:53:53/udp", {host: 1, guest: 2, protocol: udp, address: 0.0.0.0, auto: true}]\n`,
    `${head}env: {A: b, C: 1, D: true}\n`,
    `${head}env:\nports:\nprovision:\n`,
    `${head}boot_timeout: 1h30m\nhalt_timeout: 500s\n`,
    `${head}provision:\n- {shell: ls, args: [a], env: {A: 1}, user: web, run: once, timeout: 5m, name: x}\n- {shell: {path: x}}\n- {shell: {inline: x}}\n`,
    `${head}provision:\n- {file: {from: x, to: /x, mode: "0644", owner: a, group: b}}\n- {file: {content: x, to: /x}}\n`,
    `${head}providers: {qemu: {args: [a, 1], x: {y: null}}}\n`,
    `${head}cloud_init: {packages: [a], runcmd: [[a, b], c], x: 1}\n`,
    `${head}cloud_init: ./user-data\n`,
    `${head}sync:\n- {from: ., to: /srv/app}\n- {from: ./x, to: /srv/x, type: once, exclude: [a], gitignore: false, git: true, merge: true}\n- {from: ., to: /srv/y, type: mount, read_only: true}\n`,
    `${head}provision: [{shell: https://example.com/a.sh}, {shell: {url: https://example.com/a.sh}}]\n`,
    'version: 1\ndefaults: {box: debian/12}\nmachines: {a: , b: {depends_on: [a]}}\n',
  ])('%j', async (text) => {
    await load(text)
    expect(editorAccepts(text), JSON.stringify(validate.errors)).toBe(true)
  })
})

describe('what the schema refuses, the loader refuses', () => {
  test.each([
    'version: 2\nbox: debian/12\n',
    `${head}cpus: 0\n`,
    `${head}sync: [{from: ., to: srv}]\n`,
    `${head}sync: [{from: ., to: /srv, type: nfs}]\n`,
    `${head}sync: [{to: /srv}]\n`,
    `${head}cpus: two\n`,
    `${head}memory: 1024\n`,
    `${head}memory: 1G\n`,
    `${head}boot_timeout: 60\n`,
    `${head}arch: amd64\n`,
    `${head}memroy: 1GiB\n`,
    `${head}networks: {x: {subnet: 10.40.0.0}}\n`,
    `${head}depends_on: [x]\n`,
    `${head}ports: [80]\n`,
    `${head}ports: ["80"]\n`,
    `${head}env: [a]\n`,
    `${head}env: {9A: x}\n`,
    `${head}provision: [{name: x}]\n`,
    `${head}provision: [{shell: x, file: {content: x, to: /x}}]\n`,
    `${head}provision: [{file: {content: x, to: /x}, args: [x]}]\n`,
    `${head}provision: [{file: {content: x, from: x, to: /x}}]\n`,
    `${head}provision: [{file: {content: x, to: x}}]\n`,
    `${head}provision: [{shell: {}}]\n`,
    `${head}provision: [{ansible: {}}]\n`,
    `${head}provision: [{ansible: a/x, args: [x]}]\n`,
    'version: 1\nmachines: {Web: {box: debian/12}}\n',
    'version: 1\ncpus: 2\nmachines: {web: {box: debian/12}}\n',
  ])('%j', async (text) => {
    expect(editorAccepts(text)).toBe(false)
    expect(await loadError(text)).toMatchObject({ code: 'E_MANIFEST_INVALID' })
  })
})

test('every key that is offered is described', () => {
  const undescribed: string[] = []
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, each] of Object.entries(value)) {
      if (key === 'then' || key === 'examples') continue
      if (key === 'properties')
        for (const [name, property] of Object.entries(each as Record<string, { description?: string }>))
          if (property.description === undefined) undescribed.push(`${path}.${name}`)
      walk(each, `${path}.${key}`)
    }
  }
  walk(manifestSchema(), '')
  expect(undescribed).toEqual([])
})

describe('templates', async () => {
  test.each((await listTemplates()).map(({ name }) => name))('%s is a manifest', async (name) => {
    const text = await readTemplate(name)
    const manifest = await load(text)
    expect(manifest.machines.length).toBeGreaterThan(0)
    expect(editorAccepts(text), JSON.stringify(validate.errors)).toBe(true)
  })

  test('are described by their first line, the default one first', async () => {
    const templates = await listTemplates()
    expect(templates[0]?.name).toBe('default')
    expect(templates.map(({ name }) => name)).toContain('minimal')
    for (const { description } of templates) expect(description).toMatch(/^[A-Z].{10,100}[.:].*$/)
  })

  test('an unknown one is refused, with the nearest name', async () => {
    await expect(readTemplate('minmal')).rejects.toMatchObject({
      code: 'E_TEMPLATE_UNKNOWN',
      hint: "did you mean 'minimal'?",
    })
    await expect(readTemplate('../package')).rejects.toMatchObject({ code: 'E_TEMPLATE_UNKNOWN' })
  })
})

test('an override or a base manifest, which has no version, is as good for an editor', async () => {
  expect(editorAccepts('machines: {web: {memory: 2GiB, provider: kvm}}\n')).toBe(true)
  expect((await loadError('box: debian/12\n')).problems).toMatchObject([{ code: 'E_KEY_MISSING' }])
})
