import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makePlace, type Place } from '../helpers/posada.ts'

// What a CI job sees, without a terminal and without machines.

let place: Place
beforeEach(() => {
  place = makePlace()
})
afterEach(() => place.remove())
const write = (text: string) => writeFileSync(join(place.dir, 'posada.yaml'), text)

describe('in a job of GitHub Actions', () => {
  beforeEach(() => {
    const summary = join(place.dir, 'summary')
    Object.assign(place.env, {
      ...{ CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: place.dir, GITHUB_STEP_SUMMARY: summary },
    })
  })

  it('an error of the manifest is shown at its line', async () => {
    write('version: 1\nmachines:\n  web: {box: a/b, memory: 12}\n')
    const { code, stderr } = await place.run('validate')
    expect(code).toBe(2)
    expect(stderr).toContain('::error title=posada E_VALUE_UNIT,file=posada.yaml,line=3,col=')
  })

  it('a run that fails says so in the log, at the side and in the summary', async () => {
    const args = ['run', '--matrix', 'box=./none.box,./other|x.box', '--no-workspace', '--', 'make', 'test']
    const { code, stdout, stderr } = await place.run(...args)
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
    expect(stderr).toContain('::group::posada: machines (box=./none.box)\n')
    expect(stderr.match(/^::group::/gm)).toHaveLength(2)
    expect(stderr.match(/^::endgroup::$/gm)).toHaveLength(2)
    expect(stderr).toContain('::error title=posada run::box=./none.box: ')
    expect(stderr).toContain(`there is no box at ${place.dir}/none.box [E_BOX_INVALID]`)
    const summary = readFileSync(join(place.dir, 'summary'), 'utf8')
    expect(summary).toContain('| posada run: make test | box | exit code | time |')
    expect(summary).toContain('| fail | ./other\\|x.box | 125 |')
  })
})

it.each([[['run', '--json']], [['--json', 'run']], [['--debug', '--json', '--file', './none.yaml', 'run']]])(
  'a run that Posada failed ends with 125, wherever common flags stand: %j',
  async (words) => {
    const { code, stdout } = await place.run(...words, '--box', './none.box', '--no-workspace', 'true')
    expect({ code, error: JSON.parse(stdout).error.code }).toEqual({ code: 125, error: 'E_BOX_INVALID' })
  },
)

it('a value that --env NAME passes is hidden in everything that is printed', async () => {
  Object.assign(place.env, { TOKEN: 'a-secret', GITHUB_ACTIONS: 'true' })
  for (const words of [[], ['--json'], ['--debug'], ['--matrix', 'A=1,2', '--junit', 'r.xml']]) {
    const args = ['--box', './a-secret.box', '--env', 'TOKEN', '--no-workspace', '--', 'echo', 'a-secret']
    const { code, stdout, stderr } = await place.run('run', ...words, ...args)
    expect(code, stderr).toBe(125)
    expect(stdout + stderr).toContain('***.box')
    expect(stdout + stderr).not.toContain('a-secret')
  }
  expect(readFileSync(join(place.dir, 'r.xml'), 'utf8')).not.toContain('a-secret')
})

describe('cache key', () => {
  const key = async () => (await place.run('cache', 'key')).stdout.trim()
  it('changes with the boxes that are wanted and the lockfile, and with nothing else', async () => {
    write('version: 1\nmachines:\n  web: {box: debian/12}\n')
    const first = await key()
    expect(first).toMatch(/^posada-[a-z]+-[a-z0-9]+-[0-9a-f]{16}$/)
    write('version: 1\nmachines:\n  web: {box: debian/12, memory: 2GiB}\n  db: {box: debian/12}\n')
    expect(await key()).toBe(first)
    write('version: 1\nmachines:\n  web: {box: posada/tiny}\n')
    const other = await key()
    expect(other).not.toBe(first)
    writeFileSync(join(place.dir, 'posada.lock'), '{"boxes": {}}')
    expect(await key()).not.toBe(other)
    expect(first.startsWith((await place.run('cache', 'key', '--restore')).stdout.trim())).toBe(true)
    expect((await place.run('cache', 'key', '--paths')).stdout.split('\n')[0]).toBe(
      join(place.env.XDG_DATA_HOME ?? '', 'posada', 'boxes'),
    )
  })
})

it('doctor --ci says what a job has and lacks', async () => {
  place.env.GITLAB_CI = 'true'
  const empty = join(place.dir, 'bin')
  mkdirSync(empty)
  place.env.PATH = empty
  const { checks } = JSON.parse((await place.run('doctor', '--ci', '--json')).stdout)
  const found = Object.fromEntries(
    checks.map(({ name, status, message }: Record<string, string>) => [name, { status, message }]),
  )
  expect(found['ci:runner'].message).toBe('runner: GitLab CI')
  for (const name of ['ci:tcg', 'ci:passt', 'ci:mmdebstrap']) expect(found[name].status).toBe('warn')
})

describe('autopkgtest is told by the exit code that the testbed failed, and not the test', () => {
  it('by its server', async () => {
    const served = await place.run('autopkgtest-virt', '--box', './none.box')
    expect(served, served.stderr).toMatchObject({ code: 12, stdout: 'ok\n' })
  })

  it('by what runs a command in the guest', async () => {
    write('version: 1\nbox: posada/tiny\n')
    expect((await place.run('exec', '--as-ssh', '--', 'true')).code).toBe(255)
    expect((await place.run('exec', '--', '--as-ssh')).code).toBe(1)
  })
})
