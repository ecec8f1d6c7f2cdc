import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packageRoot } from '../../src/lib/files/package-root.ts'
import { type MachinesPlace, machinesPlace } from '../helpers/machines.ts'
import { readMarkdown } from '../helpers/markdown.ts'

// Debian's installer, with the recipe and the answers of docs/installers.md: 20 minutes or more where guests are emulated.

const wanted = 'debian-installer-12-netboot-amd64'
let place: MachinesPlace
let folder: string
beforeAll(async () => {
  place = machinesPlace('installed')
  // What is installed here is of no use to anyone else.
  place.env.XDG_DATA_HOME = join(place.dir, '..', 'data')
  folder = join(place.dir, 'boxes', 'debian')
  mkdirSync(folder, { recursive: true })
  await execa('apt-get', ['download', wanted], { cwd: place.dir })
  const [deb = ''] = readdirSync(place.dir).filter((name) => name.endsWith('.deb'))
  await execa('dpkg', ['--extract', join(place.dir, deb), join(place.dir, 'package')])
  const images = join(
    place.dir,
    'package/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64',
  )
  for (const name of ['linux', 'initrd.gz']) copyFileSync(join(images, name), join(folder, name))
})
afterAll(() => place?.cleanUp())

it('makes a box that answers over SSH', async () => {
  const { blocks } = readMarkdown(readFileSync(join(packageRoot(), 'docs/installers.md'), 'utf8'))
  const block = (begin: string) => blocks.find(({ text }) => text.startsWith(begin))?.text ?? ''
  writeFileSync(join(folder, 'recipe.yaml'), block('name: shop/debian'))
  writeFileSync(join(folder, 'preseed.cfg'), withMirror(block('d-i debian-installer/locale')))
  place.write(
    'version: 1\nboxes: {shop/debian: ./boxes/debian}\nbox: shop/debian\nprovider: qemu\nmemory: 512MiB\nboot_timeout: 20m\n',
  )
  const { machines } = await place.json<{ machines: object[] }>('up')
  expect(machines).toMatchObject([{ change: 'created', ready: true }])
  const { stdout } = await place.run(
    'exec',
    '--',
    'sh',
    '-c',
    'cat /etc/debian_version; sudo -n id -un; hostname',
  )
  expect(stdout).toMatch(/^12\.\d+\nroot\n/)
})

/** The mirror that apt has on this computer. */
function withMirror(answers: string): string {
  const sources = ['/etc/apt/sources.list', ...listed('/etc/apt/sources.list.d')].filter(existsSync)
  const text = sources.map((path) => readFileSync(path, 'utf8')).join('\n')
  const [, host = '', path = ''] = /\bhttp:\/\/([^/\s]+)(\/\S*?debian)\/?(?=\s)/.exec(text) ?? []
  expect(host, 'a mirror of Debian that apt reaches by http').not.toBe('')
  return answers.replaceAll('deb.debian.org', host).replace('string /debian\n', `string ${path}\n`)
}

function listed(path: string): string[] {
  return existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []
}
