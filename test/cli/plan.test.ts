import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { boxContent } from '../helpers/box-files.ts'
import { makePlace } from '../helpers/posada.ts'
import { tar } from '../helpers/tar.ts'
import { webServer } from '../helpers/web-server.ts'

/** A shop with two machines, the second of a box that is in the store. */
async function shop(steps = '') {
  const place = makePlace('shop')
  onTestFinished(place.remove)
  const members = [...boxContent({ name: 'team/web', version: '1.0' })]
  writeFileSync(join(place.dir, 'web.tar'), tar(members.map(([name, content]) => ({ name, content }))))
  expect(await place.run('box', 'add', './web.tar')).toMatchObject({ code: 0 })
  const manifest = `version: 1
machines:
  db: {box: team/db, arch: x86_64}
  web: {box: team/web, arch: x86_64, depends_on: [db]${steps}}
`
  writeFileSync(join(place.dir, 'posada.yaml'), manifest)
  const json = async (...args: string[]) => {
    const { code, stdout } = await place.run('plan', ...args, '--json')
    return { code, document: JSON.parse(stdout) }
  }
  return { place, json }
}

it('names what would be made, from what, in order, and makes nothing', async () => {
  const { place, json } = await shop(', provision: [{name: greet, shell: echo hi}], ready: [{tcp: 80}]')
  const before = readdirSync(place.dir)
  const { code, document } = await json('web')
  expect(code).toBe(0)
  expect(document).toMatchObject({
    changes: true,
    orphans: [],
    machines: [
      { name: 'db', state: 'absent', box: { name: 'team/db', stored: false }, pending: [] },
      { name: 'web', state: 'absent', box: { name: 'team/web', stored: true }, pending: [] },
    ],
  })
  expect(document.machines[1].actions).toMatchObject([
    { do: 'make', why: [{ key: 'state', from: 'absent', to: 'running' }] },
    { do: 'enter' },
    { do: 'provision', steps: ['greet'], why: [{ key: 'provision.greet', from: null }] },
    { do: 'await-ready' },
  ])
  expect(readdirSync(place.dir)).toEqual(before)
})

it('says it in words, and by its exit code when it is asked for', async () => {
  const { place } = await shop(', provision: [{name: greet, shell: echo hi}]')
  const { code, stdout, stderr } = await place.run('plan', '--exit-code')
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' })
  expect(stdout).toMatchInlineSnapshot(`
    "+ db: create
        box: team/db, fetched or built first
    + web: create, provision
        box: team/web
        step greet: never ran

    run posada up to do this
    "
  `)
  expect((await place.run('plan', '--no-provision')).stdout).not.toContain('greet')
})

it('does not fetch a script that posada.lock does not have', async () => {
  const server = await webServer(onTestFinished, (_, response) => void response.end('echo one\n'))
  const sum = `#sha256=${'0'.repeat(64)}`
  const { json } = await shop(`, provision: [{name: far, shell: {url: "${server.url}/setup.sh${sum}"}}]`)
  const { code, document } = await json()
  expect({ code, document }).toMatchObject({ code: 0, document: { changes: true } })
  expect(document.machines[1].actions).toMatchObject([
    { do: 'make' },
    { do: 'enter' },
    { do: 'provision', why: [{ key: 'provision.far', from: null, to: null }] },
  ])
  expect(server.requests).toEqual([])
})

it('shows what up would refuse, beside what it would do', async () => {
  const { place, json } = await shop()
  const folder = join(place.dir, '.posada', 'machines', 'db')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'state.json'), '{}')
  const { document } = await json()
  expect(document.machines).toMatchObject([
    { name: 'db', actions: [{ do: 'refuse' }], code: expect.stringMatching(/^E_STATE/) },
    { name: 'web', actions: [{ do: 'make' }, { do: 'enter' }] },
  ])
  expect((await place.run('plan')).stdout).toContain('posada up would fail')
})

it('foresees a provider that is not installed, and still shows the other machines', async () => {
  const { json, place } = await shop(', provider: acme')
  const { document } = await json()
  expect(document).toMatchObject({
    changes: true,
    machines: [
      { name: 'db', actions: [{ do: 'make' }, { do: 'enter' }] },
      {
        ...{ name: 'web', state: 'unknown', code: 'E_PROVIDER_UNKNOWN' },
        actions: [{ do: 'refuse', why: [{ key: 'provider', from: 'acme', to: null }] }],
        hint: expect.stringContaining('posada-provider-acme'),
      },
    ],
  })
  expect((await place.run('plan')).stdout).toContain('posada up would fail')
})

it('takes --prune only without names of machines', async () => {
  const { json, place } = await shop()
  expect(await json('web', '--prune')).toMatchObject({ code: 2, document: { error: { code: 'E_USAGE' } } })
  expect(await json('--prune')).toMatchObject({ code: 0, document: { orphans: [] } })
  const { stdout } = await place.run('up', 'web', '--prune', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'E_USAGE' } })
})

it('with --prune destroys what left the manifest, also where its records cannot be read', async () => {
  const { place, json } = await shop()
  const folder = join(place.dir, '.posada', 'machines', 'old')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'state.json'), '{}')
  expect((await json()).document).toMatchObject({ orphans: ['old'] })
  const { document } = await json('--prune')
  expect(document.orphans).toEqual([])
  expect(document.machines[0]).toMatchObject({
    ...{ name: 'old', state: 'damaged' },
    actions: [{ do: 'cut-power', why: [{ key: 'machines', from: 'old', to: null }, {}] }, { do: 'remove' }],
  })
})

it('refuses what up refuses', async () => {
  const { place, json } = await shop()
  expect(await json('wbe')).toMatchObject({ document: { error: { code: 'E_MACHINE_UNKNOWN' } } })
  writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nmachines: {web: {memory: 1}}\n')
  expect(await json()).toMatchObject({ code: 2 })
})
