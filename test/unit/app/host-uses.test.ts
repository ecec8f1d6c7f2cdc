import { lchown, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { hostUses } from '../../../src/app/host-uses.ts'
import { providerRegistry } from '../../../src/app/provider/registry.ts'
import { trustOf } from '../../../src/app/trust/agreed.ts'
import { loadManifest } from '../../../src/manifest/index.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'
import { userIn } from '../../helpers/own-paths.ts'

async function setUp(files: Record<string, string>) {
  const folder = await temporaryFolder(onTestFinished)
  const root = join(folder, 'shop')
  await writeFiles(root, files)
  await writeFile(join(folder, 'secret'), 'precious')
  const trust = trustOf({ root, user: userIn(folder), env: {} })
  const uses = async (manifest: string) => {
    await writeFile(
      join(root, 'posada.yaml'),
      `version: 1\n${/^box:/m.test(manifest) ? '' : 'box: debian/12\n'}${manifest}`,
    )
    const emit = () => undefined
    const registry = providerRegistry({ root, cacheDir: join(folder, 'cache'), emit, trust })
    return hostUses(await loadManifest({ cwd: root, env: {} }), registry)
  }
  const texts = async (manifest: string) => (await uses(manifest)).map(({ what }) => what)
  return { folder, root, trust, uses, texts }
}

async function writeFiles(root: string, files: Record<string, string>): Promise<void> {
  await mkdir(root, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(root, name, '..'), { recursive: true })
    await writeFile(join(root, name), text)
  }
}

const plugin = (code: string) => ({
  'node_modules/posada-provider-acme/package.json': '{"type":"module"}',
  'node_modules/posada-provider-acme/index.js': code,
})

it('an ordinary project uses nothing of the host', async () => {
  const { texts } = await setUp({ 'setup.sh': '', 'site/index.html': '', '.env': 'A=1' })
  const steps = '{shell: ./setup.sh}, {shell: "rm -rf /"}, {file: {from: ./site, to: /srv}}'
  expect(
    await texts(`env: {A: "\${A}"}\nprovision: [${steps}]\nproviders: {qemu: {cpu: max, accel: tcg}}\n`),
  ).toEqual([])
})

it('files outside the project are told, also those that a link leads to', async () => {
  const { folder, root, texts } = await setUp({ 'setup.sh': '' })
  await symlink(join(folder, 'secret'), join(root, 'link.sh'))
  await symlink(join(folder, 'secret'), join(root, '.env'))
  const copies = `copies ${join(folder, 'secret')} into a machine`
  for (const step of ['{shell: ./link.sh}', '{shell: ../secret}', '{file: {from: ../secret, to: /x}}'])
    expect(await texts(`provision: [${step}]\n`)).toContain(copies)
  expect(await texts(`cloud_init: ${join(folder, 'secret')}\n`)).toContain(copies)
  expect(await texts('provision: [{file: {from: .., to: /x}}]\n')).toContain(
    `copies ${folder} into a machine`,
  )
  expect(await texts('')).toEqual([`takes variables from ${join(folder, 'secret')}`])
})

it('commands that get a secret are told, with the scripts of the project that they run, and files outside it', async () => {
  const { folder, uses, root } = await setUp({ 'get.sh': 'echo one' })
  const manifest = (place: string) => `provision: [{shell: x, sensitive: {TOKEN: ${place}}}]\n`
  const [before] = await uses(manifest('{command: ./get.sh now}'))
  expect(before?.what).toBe('runs "./get.sh now" to get a secret for a machine')
  await writeFiles(root, { 'get.sh': 'echo two' })
  const [after] = await uses(manifest('{command: ./get.sh now}'))
  expect(after?.what).toBe(before?.what)
  expect(after?.digest).not.toBe(before?.digest)
  expect(await uses(manifest('{env: TOKEN}'))).toEqual([])
  expect(await uses(manifest('{file: ./get.sh}'))).toEqual([])
  expect((await uses(manifest('{file: ../secret}'))).map(({ what }) => what)).toEqual([
    `copies ${join(folder, 'secret')} into a machine`,
  ])
})

it('folders outside the project are told, with what a guest may do there', async () => {
  const { folder, root, texts } = await setUp({ 'site/index.html': '' })
  await symlink(folder, join(root, 'link'))
  const item = (from: string, type: string) => `sync: [{from: ${from}, to: /srv/x, type: ${type}}]\n`
  for (const from of ['..', './link', folder]) {
    expect(await texts(item(from, 'auto'))).toEqual([`lets a machine read and change all of ${folder}`])
    expect(await texts(item(from, 'once'))).toEqual([`copies ${folder} into a machine`])
  }
  const git = `lets a machine change .git in ${root}, whose hooks git runs here`
  expect(await texts('sync: [{from: ., to: /srv/x, git: true}]\n')).toEqual([git])
  expect(await texts('sync: [{from: ., to: /srv/x, git: true, type: once}]\n')).toEqual([])
  const inside = (from: string, more = '') =>
    texts(`sync: [{from: ${from}, to: /srv/x, type: mount${more}}]\n`)
  const all = 'itself: read and change all of it, .git with its hooks included'
  for (const from of ['.', './missing'])
    expect(await inside(from)).toEqual([`lets a machine work in ${join(root, from)} ${all}`])
  expect(await inside('.', ', read_only: true')).toEqual([])
  expect(await inside('./link')).toEqual([`lets a machine work in ${folder} ${all}`])
  expect(await inside('./link', ', read_only: true')).toEqual([`lets a machine read all of ${folder}`])
  for (const from of ['.', './site', './missing']) expect(await texts(item(from, 'auto'))).toEqual([])
})

it('hooks of this computer are told, with the scripts of the project that they run', async () => {
  const { root, uses, texts } = await setUp({ 'seed.sh': 'one' })
  const halt = 'echo >> seed.log 2>&1'
  const manifest = `hooks: {after: {up: [./seed.sh all, {run: id, in: guest}]}, before: {halt: ${halt}}}\n`
  expect(await texts(manifest)).toEqual([`runs the hook "${halt}"`, 'runs the hook "./seed.sh all"'])
  const before = await uses(manifest)
  await writeFiles(root, { 'seed.sh': 'two', 'seed.log': 'what it wrote' })
  const after = await uses(manifest)
  expect(after[0]).toEqual(before[0])
  expect(after[1]?.digest).not.toBe(before[1]?.digest)
})

it('playbooks that this computer runs are told, with all that lies beside them', async () => {
  const { folder, root, uses } = await setUp({ 'play/site.yml': '', 'play/roles/web.yml': 'one' })
  const [before] = await uses('provision: [{ansible: play/site.yml}]\n')
  expect(before?.what).toBe(`runs ansible-playbook with ${join(root, 'play', 'site.yml')}`)
  await writeFiles(root, { 'play/roles/web.yml': 'two' })
  const [after] = await uses('provision: [{ansible: {playbook: play/site.yml, via: host}}]\n')
  expect(after?.what).toBe(before?.what)
  expect(after?.digest).not.toBe(before?.digest)
  expect(await uses('provision: [{ansible: {playbook: play/site.yml, via: guest}}]\n')).toEqual([])
  await writeFiles(folder, { 'other/site.yml': '' })
  const outside = await uses('provision: [{ansible: {playbook: ../other/site.yml, via: guest}}]\n')
  expect(outside.map(({ what }) => what)).toEqual([`copies ${join(folder, 'other')} into a machine`])
})

it('programs and arguments of QEMU are told, not those of a provider that is not used', async () => {
  const { texts } = await setUp({})
  const options =
    'providers: {qemu: {binary: /opt/qemu, args: [-device, foo], machine: "pc,dumpdtb=/etc/x", cpu: max}}\n'
  const told = [
    'starts, as QEMU, the program "/opt/qemu"',
    'gives QEMU the arguments ["-device","foo"]',
    'gives QEMU -machine "pc,dumpdtb=/etc/x"',
  ]
  expect(await texts(options)).toEqual(told)
  expect(await texts(`provider: qemu\n${options}`)).toEqual(told)
  expect(await texts(`provider: kvm\n${options}`)).toEqual([])
})

const recipe = (script: string) => ({
  'base/recipe.yaml': 'name: shop/base\nfrom: debian/12\n',
  'base/prepare.sh': script,
})

it.each([
  ['a plug-in', 'box: debian/12\nprovider: acme\n', plugin('export const a = 2')],
  [
    'a file among arguments',
    'box: debian/12\nproviders: {qemu: {args: ["file=./x.so,a=1"]}}\n',
    { 'x.so': 'two' },
  ],
  ['a recipe', 'box: shop/base\nboxes: {shop/base: ./base}\n', recipe('false')],
])('what was agreed to is asked for again when its content changes: %s', async (_, manifest, changed) => {
  const { root, trust, uses } = await setUp({
    ...plugin('export const a = 1'),
    'x.so': 'one',
    ...recipe('true'),
  })
  const asked = await uses(manifest)
  expect(asked).toHaveLength(1)
  await expect(trust.require(asked)).rejects.toMatchObject({
    code: 'E_UNTRUSTED',
    details: [expect.stringContaining(asked[0]?.what ?? '')],
  })
  await trust.grant(asked)
  await trust.require(await uses(manifest))
  await writeFiles(root, changed)
  expect(await trust.missing(await uses(manifest))).toHaveLength(1)
})

// Only root can give files away.
it.runIf(process.getuid?.() === 0).each(['.', 'index.js', 'lib', 'link.js'])(
  'a plug-in of which another user can change %s is refused before anything is asked',
  async (name) => {
    const { root, uses } = await setUp({
      ...plugin('export const a = 1'),
      'node_modules/posada-provider-acme/lib/a.js': '',
    })
    const folder = join(root, 'node_modules/posada-provider-acme')
    await symlink('index.js', join(folder, 'link.js'))
    const manifest = 'box: debian/12\nprovider: acme\n'
    expect(await uses(manifest)).toHaveLength(1)
    await lchown(join(folder, name), 12345, 12345)
    await expect(uses(manifest)).rejects.toMatchObject({ code: 'E_OWNER', value: join(folder, name) })
  },
)

it('CI agrees by a variable, to everything or to what has a digest; what is taken back is asked for again', async () => {
  const { folder, root, trust, uses } = await setUp(plugin(''))
  const asked = await uses('box: debian/12\nprovider: acme\n')
  const inCi = (value: string) =>
    trustOf({ root, user: userIn(folder), env: { POSADA_TRUST: value } }).missing(asked)
  expect(await inCi('1')).toEqual([])
  expect(await inCi(`${'0'.repeat(64)}, ${asked[0]?.digest}`)).toEqual([])
  for (const value of ['', '0', 'yes', '0'.repeat(64)]) expect(await inCi(value)).toEqual(asked)
  await trust.grant(asked)
  // Another project with the same code is another project.
  expect(await trustOf({ root: folder, user: userIn(folder), env: {} }).missing(asked)).toEqual(asked)
  expect([await trust.revoke(), await trust.revoke()]).toEqual([true, false])
  expect(await trust.missing(asked)).toEqual(asked)
})
