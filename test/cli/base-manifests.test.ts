import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { boxContent } from '../helpers/box-files.ts'
import { makePlace } from '../helpers/posada.ts'
import { tar } from '../helpers/tar.ts'
import { authorityFile, webServer } from '../helpers/web-server.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const base = (cpus: number) =>
  `defaults: {box: team/web, arch: x86_64, cpus: ${cpus}, provision: [{shell: ./setup.sh}]}\nmachines: {web: {}}\n`

/** A project that extends what a server has. */
async function setUp() {
  const place = makePlace('shop', { SSL_CERT_FILE: authorityFile })
  onTestFinished(place.remove)
  const files: Record<string, string> = { '/base.yaml': base(2), '/setup.sh': 'echo one\n' }
  const answer = { down: false }
  const server = await webServer(
    onTestFinished,
    ({ url = '' }, response) => {
      const text = answer.down ? undefined : files[url]
      if (text === undefined) response.writeHead(404).end()
      else response.end(text)
    },
    { secure: true },
  )
  const json = async (...args: string[]) => {
    const { code, stdout } = await place.run(...args, '--json')
    return { code, document: JSON.parse(stdout) }
  }
  const cpus = async () => (await json('status')).document.machines[0]?.cpus
  const lockfile = join(place.dir, 'posada.lock')
  writeFileSync(join(place.dir, 'posada.yaml'), `version: 1\nextends: ${server.url}/base.yaml\n`)
  const addBox = async () => {
    const members = [...boxContent({ name: 'team/web', version: '1.0' })]
    writeFileSync(join(place.dir, 'web.tar'), tar(members.map(([name, content]) => ({ name, content }))))
    await place.run('box', 'add', './web.tar')
  }
  return { addBox, place, files, server, answer, json, cpus, lockfile }
}

it('a base manifest and its script are pinned, held on to, and moved by box update', async () => {
  const { addBox, place, files, server, answer, json, cpus, lockfile } = await setUp()
  await addBox()
  const url = { base: `${server.url}/base.yaml`, script: `${server.url}/setup.sh` }
  for (const command of ['validate', 'ports', 'ssh-config'])
    expect(await json(command)).toMatchObject({ code: 2, document: { error: { code: 'E_NOT_LOCKED' } } })
  expect(await json('status')).toMatchObject({ code: 0, document: { machines: [] } })
  expect(server.requests).toEqual([])
  expect(existsSync(lockfile)).toBe(false)

  const first = { base: `sha256:${sha256(base(2))}`, script: `sha256:${sha256('echo one\n')}` }
  expect((await json('box', 'update')).document).toMatchObject({
    boxes: [{ box: 'team/web', to: { version: '1.0' } }],
    files: [
      { url: url.base, from: null, to: first.base, changed: true },
      { url: url.script, from: null, to: first.script, changed: true },
    ],
  })
  expect(readFileSync(lockfile, 'utf8')).toContain(
    `files:\n  ${url.base}: ${first.base}\n  ${url.script}: ${first.script}\n`,
  )

  expect(readFileSync(join(place.dir, '.posada', '.gitignore'), 'utf8')).toBe('*\n')

  files['/base.yaml'] = base(4)
  files['/setup.sh'] = 'echo two\n'
  expect((await json('box', 'outdated')).document.files).toMatchObject([
    { url: url.base, locked: first.base, newest: `sha256:${sha256(base(4))}`, outdated: true },
    { url: url.script, locked: first.script, outdated: true },
  ])
  expect(await cpus()).toBe(2)
  // As the manifest may have it.
  const written = `${url.base.replace('https://', 'HTTPS://me:hunter2@')}#sha256=${'0'.repeat(64)}`
  const moved = await place.run('box', 'update', written)
  expect(moved.stdout).toBe(
    `${url.base} updated from ${first.base.slice(0, 19)} to sha256:${sha256(base(4)).slice(0, 12)}\n`,
  )
  expect(await cpus()).toBe(4)
  expect(readFileSync(lockfile, 'utf8')).toContain(first.script)
  expect((await json('box', 'update')).document.files).toMatchObject([
    { url: url.base, changed: false },
    { url: url.script, from: first.script, changed: true },
  ])

  answer.down = true
  server.requests.length = 0
  expect(await place.run('validate')).toMatchObject({ code: 0, stderr: '' })
  expect(await cpus()).toBe(4)
  expect((await place.run('__complete', '--', 'up', '')).stdout).toContain('web')
  expect(server.requests).toEqual([])
})

it('one that is not available, or is another than the lock’s, is told where it is named', async () => {
  const { place, files, answer, json, server, lockfile } = await setUp()
  const error = async (...args: string[]) => (await json(...args)).document.error
  const where = { file: join(place.dir, 'posada.yaml'), line: 2, column: 10 }
  answer.down = true
  expect(await error('up')).toMatchObject({
    code: 'E_TRANSFER',
    message: expect.stringContaining('is not in the cache and cannot be fetched'),
    place: where,
  })
  answer.down = false
  writeFileSync(
    lockfile,
    `version: 1\nfiles: {${JSON.stringify(`${server.url}/base.yaml`)}: "sha256:${sha256(base(2))}"}\n`,
  )
  files['/base.yaml'] = base(4)
  const details = [`posada.lock:  sha256:${sha256(base(2))}`, `found:        sha256:${sha256(base(4))}`]
  for (const command of ['validate', 'up'])
    expect(await error(command)).toMatchObject({ code: 'E_LOCK_MISMATCH', details, place: where })
  const { code, stderr } = await place.run('status')
  expect(code).toBe(0)
  expect(stderr).toContain(`${server.url}/base.yaml is not the one in posada.lock`)
})

it('a problem in a base is shown by its URL, line and caret; up pins one without', async () => {
  const { place, files, server, json, lockfile } = await setUp()
  files['/base.yaml'] = 'box: debian/12\ncpus: many\n'
  const { code, stderr } = await place.run('up')
  expect(code).toBe(2)
  expect(stderr).toContain(`  --> ${server.url}/base.yaml:2:7\n  |\n2 | cpus: many\n  |       ^^^^\n`)
  files['/base.yaml'] = 'box: debian/12\nprovision: [{shell: ./gone.sh}]\n'
  const up = await json('up')
  expect(up.document.error).toMatchObject({
    code: 'E_TRANSFER',
    message: expect.stringContaining('the script of step step-1 is not in the cache and cannot be fetched'),
    place: { file: `${server.url}/base.yaml`, line: 2, column: 13 },
    machine: 'default',
  })
  expect(readFileSync(lockfile, 'utf8')).toContain(`${server.url}/base.yaml: sha256:`)
})
