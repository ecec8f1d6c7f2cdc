import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makePlace } from '../helpers/posada.ts'

/** Nothing here runs a machine: what is damaged is what `posada` remembers of one. */
const state = '.posada/machines/db/state.json'
let place: ReturnType<typeof makePlace>
beforeEach(() => {
  place = makePlace('damaged')
  write('posada.yaml', 'version: 1\nmachines:\n  db: {box: posada/tiny}\n  web: {box: posada/tiny}\n')
  write('.posada/machines/db/state.json', '{"version": 1')
})
afterEach(() => place.remove())

function write(name: string, text: string): void {
  mkdirSync(join(place.dir, name, '..'), { recursive: true })
  writeFileSync(join(place.dir, name), text)
}

async function json(...argv: string[]) {
  const { code, stdout } = await place.run(...argv, '--json')
  return { code, document: JSON.parse(stdout) }
}

it('status shows the machines that it can, and says of the other why not', async () => {
  const { code, document } = await json('status')
  expect(code).toBe(0)
  expect(document.machines).toMatchObject([
    { name: 'db', state: 'unknown', code: 'E_STATE_CORRUPT', reason: expect.stringContaining('state.json') },
    { name: 'web', state: 'absent' },
  ])
  expect((await place.run('status')).stdout).toMatch(/db: .*state\.json.*posada destroy.*\[E_STATE_CORRUPT\]/)
})

describe.each([
  ['is cut short', '{"version": 1', 'E_STATE_CORRUPT'],
  ['is empty', '', 'E_STATE_CORRUPT'],
  ['is not text', '\0\0\0\0', 'E_STATE_CORRUPT'],
  ['is a folder', null, 'E_STATE_CORRUPT'],
  ['is from a newer Posada', '{"version": 99}', 'E_STATE_VERSION'],
  ['is from elsewhere', '{"version": 1, "spec": {"name": "db"}}', 'E_STATE_FOREIGN'],
])('a state that %s', (_, text, code) => {
  beforeEach(() => {
    rmSync(join(place.dir, state))
    if (text === null) mkdirSync(join(place.dir, state))
    else write(state, text)
  })

  it('is one machine that status knows nothing of', async () => {
    const { code: exit, document } = await json('status')
    expect(exit).toBe(0)
    expect(document.machines).toMatchObject([
      { name: 'db', state: 'unknown', code, reason: expect.stringContaining(state) },
      { name: 'web', state: 'absent' },
    ])
  })

  it('is one machine that is not halted', async () => {
    const { code: exit, document } = await json('halt')
    expect({ exit, document }).toMatchObject({ exit: 1, document: { error: { code, machine: 'db' } } })
    const { stderr } = await place.run('halt')
    expect(stderr).toContain('web: does not exist')
    expect(stderr).not.toContain('E_BUG')
  })

  it('is destroyed with the others, unless it is someone else’s', async () => {
    const { code: exit, stdout, stderr } = await place.run('destroy', '--yes')
    const isForeign = code === 'E_STATE_FOREIGN'
    expect({ exit, stderr }).toMatchObject({
      exit: isForeign ? 1 : 0,
      stderr: expect.stringContaining('web: did not exist'),
    })
    expect(stdout).toBe(isForeign ? '' : 'db is destroyed\nweb did not exist\n')
    expect(existsSync(join(place.dir, '.posada/machines/db'))).toBe(isForeign)
  })
})

it.each([
  ['a manifest with problems', 'version: 1\nmachines:\n  db: {bx: posada/tiny}\n'],
  ['a manifest that is not YAML', 'version: 1\nmachines: {{\n'],
  ['a variable that is not set', 'version: 1\nmachines:\n  db: {box: "${NOT_SET_ANYWHERE:?why}"}\n'],
])('%s keeps no machine from being looked at and destroyed', async (_, manifest) => {
  write('posada.yaml', manifest)
  expect((await json('status')).document.machines).toMatchObject([
    { name: 'db', state: 'unknown', inManifest: null },
  ])
  const destroyed = await place.run('destroy', '--yes')
  expect(destroyed).toMatchObject({ code: 0, stdout: 'db is destroyed\n' })
  expect(destroyed.stderr).toContain('posada validate')
  expect(existsSync(join(place.dir, '.posada/machines/db'))).toBe(false)
  expect((await json('up')).code).toBe(2)
})

it('a damaged project.json keeps no machine from being destroyed', async () => {
  write('.posada/project.json', 'nonsense')
  expect(await place.run('destroy', '--yes', 'db')).toMatchObject({ code: 0 })
  expect(existsSync(join(place.dir, '.posada/machines/db'))).toBe(false)
})

it('a damaged machine keeps no other from networks that they share, nor a damaged project.json from their end', async () => {
  write(
    'posada.yaml',
    'version: 1\nnetworks: {back: {}}\ndefaults: {box: ./none.box, networks: [back]}\nmachines: {db: {}, web: {}}\n',
  )
  const { document } = await json('up')
  const problems: { machine: string; code: string }[] = document.error.problems
  expect(problems.map(({ machine, code }) => `${machine} ${code}`)).toEqual([
    'db E_STATE_CORRUPT',
    expect.not.stringContaining('E_STATE_CORRUPT'),
  ])
  expect(existsSync(join(place.dir, '.posada/networks/process.lock'))).toBe(true)
  write('.posada/project.json', 'nonsense')
  expect(await place.run('destroy', '--yes')).toMatchObject({ code: 0 })
  expect(existsSync(join(place.dir, '.posada/networks'))).toBe(false)
})
