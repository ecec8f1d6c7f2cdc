import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { readAnswers } from '../../../../src/box/install/answers.ts'
import { getMedia } from '../../../../src/box/install/media.ts'
import type { InstallRecipe } from '../../../../src/box/recipe/install-recipe.ts'
import { readAnyRecipe } from '../../../../src/box/recipe/recipe.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'

const head = `name: test/one
description: One
arch: [x86_64]
disk: 4GiB
minMemory: 256MiB
`

async function read(text: string, files: Record<string, string | Buffer> = {}, arch = 'x86_64') {
  const dir = await temporaryFolder(onTestFinished)
  await writeFile(join(dir, 'recipe.yaml'), head.replace('x86_64', arch) + text)
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content)
  return { dir, recipe: (await readAnyRecipe(dir)) as InstallRecipe }
}

it('is read with what is usual', async () => {
  const { dir, recipe } = await read('install: {iso: one.iso}\n')
  expect(recipe).toMatchObject({
    kind: 'install',
    firmware: 'bios',
    login: null,
    disk: 4 * 2 ** 30,
    install: { iso: { path: join(dir, 'one.iso') }, kernel: null, memory: 2 ** 30, timeout: 4 * 3_600_000 },
  })
  const { recipe: other } = await read('install: {iso: one.iso}\n', {}, 'aarch64')
  expect(other.firmware).toBe('uefi')
})

it('takes what has a URL by its checksum', async () => {
  const hex = 'ab'.repeat(32)
  const { recipe } = await read(`install: {iso: "https://example.com/one.iso#sha256=${hex}"}\n`)
  expect(recipe.install.iso).toEqual({
    url: 'https://example.com/one.iso',
    checksum: { algorithm: 'sha256', hex },
  })
  await expect(read('install: {iso: "https://example.com/one.iso"}\n')).rejects.toMatchObject({
    code: 'E_BOX_SOURCE',
  })
})

it.each([
  ['install: {}', 'install: has neither iso nor kernel'],
  ['install: {iso: a, initrd: b}', 'install: has an initrd, but no kernel'],
  ['install: {iso: a, cmdline: auto}', 'install: has a cmdline, but no kernel that is given it'],
  ['install: {iso: a, answers: [../b]}', 'install.answers.0: is not a file of the recipe’s folder'],
  ['install: {iso: a, timeout: 5}', 'install.timeout: is not a duration such as 90m'],
  ['install: {iso: a}\nsuite: bookworm', 'suite: is not a known key'],
])('%s is refused', async (text, problem) => {
  await expect(read(`${text}\n`)).rejects.toMatchObject({
    code: 'E_BOX_BUILD',
    message: expect.stringContaining(problem),
    place: { line: expect.any(Number) },
  })
})

it('fills in answers, in whatever encoding they are', async () => {
  const answer = Buffer.from('user @POSADA_USER@ key @POSADA_KEY@ \xe9', 'latin1')
  const { recipe } = await read('login: {user: ann}\ninstall: {iso: a, answers: [ks.cfg]}\n', {
    'ks.cfg': answer,
  })
  const filled = await readAnswers(recipe, { user: 'ann', key: 'ssh-ed25519 AAAA' })
  expect(filled.get('ks.cfg')?.toString('latin1')).toBe('user ann key ssh-ed25519 AAAA \xe9')
})

it('refuses answers that let no one in, and those that are not there', async () => {
  const text = 'login: {user: ann}\ninstall: {iso: a, answers: [ks.cfg]}\n'
  const { recipe } = await read(text, { 'ks.cfg': 'nothing' })
  const filled = { user: 'ann', key: 'k' }
  await expect(readAnswers(recipe, filled)).rejects.toMatchObject({
    code: 'E_BOX_BUILD',
    message: 'no answer of test/one lets Posada in as ann',
  })
  await expect(readAnswers((await read(text)).recipe, filled)).rejects.toMatchObject({
    message: expect.stringContaining('ks.cfg is not a file of at most 1 MiB'),
  })
})

it('looks at what it boots', async () => {
  const arm = Buffer.alloc(100)
  arm.write('ARM\x64', 56, 'latin1')
  const files = { arm, one: 'no disc' }
  const media = async (install: string) => {
    const { dir, recipe } = await read(`install: {${install}}\n`, files)
    const { signal } = new AbortController()
    const context = { folder: dir, downloads: dir, env: {}, emit: () => undefined, signal }
    return getMedia(recipe.install, { ...context, arch: 'x86_64' })
  }
  await expect(media('kernel: arm')).rejects.toMatchObject({
    code: 'E_BOX_ARCH',
    message: expect.stringContaining('is for aarch64, not for x86_64'),
  })
  await expect(media('iso: one')).rejects.toMatchObject({
    code: 'E_BOX_BUILD',
    message: expect.stringContaining('is not an ISO 9660 image'),
  })
  await expect(media('iso: two')).rejects.toMatchObject({
    code: 'E_BOX_BUILD',
    message: expect.stringContaining('there is no file'),
  })
})
