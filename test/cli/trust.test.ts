import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ensureIdentity } from '../../src/project/identity.ts'
import { machineId } from '../../src/project/machine-identity.ts'
import { writeState } from '../../src/project/machine-state.ts'
import { projectPaths } from '../../src/project/paths.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import { aState } from '../helpers/model.ts'
import { launcher, makePlace } from '../helpers/posada.ts'

/** A project that has brought a plug-in, which leaves a mark where its code runs. */
function setUp(extra: NodeJS.ProcessEnv = {}) {
  const place = makePlace('shop', extra)
  onTestFinished(place.remove)
  const mark = join(place.dir, 'it-ran')
  const folder = join(place.dir, 'node_modules', 'posada-provider-evil')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(folder, 'index.js'),
    `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(mark)}, '')\n`,
  )
  writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nbox: debian/12\nprovider: evil\n')
  const json = async (...args: string[]) => {
    const { code, stdout } = await place.run(...args, '--json')
    return { code, document: JSON.parse(stdout) }
  }
  return { place, json, ran: () => existsSync(mark) }
}

/** A machine of the project, which such a provider made. */
async function machineOf(place: ReturnType<typeof setUp>['place']): Promise<void> {
  const paths = projectPaths(place.dir, userPaths(place.env))
  const { id } = await ensureIdentity(paths)
  const state = aState()
  const spec = { ...state.spec, id: machineId(id, 'default'), name: 'default' }
  await writeState(paths.machine('default'), { ...state, spec, provider: 'evil' })
}

it('no command runs a plug-in of the project before its user has agreed', async () => {
  const { place, json, ran } = setUp()
  expect(await json('validate')).toMatchObject({ code: 0, document: { valid: true } })
  await machineOf(place)
  expect((await json('status')).document.machines).toMatchObject([{ state: 'unknown', code: 'E_UNTRUSTED' }])
  for (const command of ['up', 'ports', 'halt', 'ssh-config', 'reload', 'provision', 'list', 'doctor'])
    await place.run(command)
  await place.run('destroy', '--yes')
  await place.run('exec', '--', 'true')
  expect(await json('up')).toMatchObject({
    code: 2,
    document: {
      error: { code: 'E_UNTRUSTED', details: [expect.stringContaining('loads the provider evil')] },
    },
  })
  expect(ran()).toBe(false)
})

it.each([
  ['trust', '--yes'],
  ['up', '--yes'],
])('posada %s %s agrees, once, until the content changes', async (...command) => {
  const { place, json, ran } = setUp()
  await place.run(...command)
  const { document } = await json('trust')
  expect(document).toMatchObject({
    root: place.dir,
    uses: [
      {
        what: expect.stringContaining('evil'),
        trusted: true,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ],
  })
  expect((await json('trust', '--list')).document.projects).toMatchObject([{ root: place.dir }])
  // It is a plug-in that exports nothing, which is told once it was loaded.
  expect((await json('validate')).document.error.problems).toMatchObject([{ code: 'E_PROVIDER_INVALID' }])
  expect(ran()).toBe(true)
  writeFileSync(join(place.dir, 'node_modules', 'posada-provider-evil', 'more.js'), '')
  expect(await json('up')).toMatchObject({ code: 2, document: { error: { code: 'E_UNTRUSTED' } } })
  expect((await json('trust', '--revoke')).document).toEqual({ root: place.dir, revoked: true })
  expect((await json('trust', '--list')).document.projects).toEqual([])
  expect(await json('trust')).toMatchObject({ code: 2, document: { error: { code: 'E_CONFIRM' } } })
})

it('POSADA_TRUST=1 agrees to everything, for one command', async () => {
  const { json, ran } = setUp({ POSADA_TRUST: '1' })
  await json('up')
  expect(ran()).toBe(true)
  expect((await json('trust', '--list')).document.projects).toEqual([])
})

it.each([
  ['y', 'E_PROVIDER_INVALID', true],
  ['n', 'E_UNTRUSTED', false],
])('at a terminal it shows what it is about and asks: %s', async (answer, code, runs) => {
  const { place, ran } = setUp()
  const command = `${process.execPath} ${launcher} up --no-color`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: place.dir,
    env: { ...place.env, TERM: 'vt220' },
  })
  let shown = ''
  let answered = false
  child.stdout.on('data', (data) => {
    shown += String(data)
    if (answered || !shown.includes('[y/N]')) return
    answered = true
    child.stdin.write(`${answer}\r`)
  })
  await once(child, 'close')
  expect(shown).toContain('  - it loads the provider evil from')
  expect(shown).toContain(code)
  expect(ran()).toBe(runs)
})

it('posada trust --adopt takes over machines whose key was lost, and not without being told to', async () => {
  const { place, json } = setUp()
  await machineOf(place)
  rmSync(userPaths(place.env).key)
  expect(await json('status')).toMatchObject({ document: { machines: [{ code: 'E_STATE_FOREIGN' }] } })
  expect(await json('trust', '--adopt')).toMatchObject({
    code: 2,
    document: { error: { code: 'E_CONFIRM' } },
  })
  const { code, stdout } = await place.run('trust', '--adopt', '--yes')
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/ {2}- default: made by evil .*\n.*\n.* is yours now\n$/),
  })
  // Its plug-in is a matter of its own.
  expect((await json('status')).document.machines).toMatchObject([{ state: 'unknown', code: 'E_UNTRUSTED' }])
  expect((await json('trust', '--adopt', '--yes')).document).toEqual({
    root: place.dir,
    project: null,
    machines: [],
  })
})
