import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { copyBox } from '../../helpers/box-copy.ts'
import { cutShort } from '../../helpers/interrupt.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended, launcher } from '../../helpers/posada.ts'

// Machines begin to start here, and none comes up: about 15 s in all.

const root = process.getuid?.() === 0
const otherUser = 65534
let place: MachinesPlace
beforeEach(() => {
  place = machinesPlace('a project with faults')
  place.write(manifest())
})
afterEach(() => place.cleanUp())

const manifest = (rest = '', box = 'posada/tiny') =>
  `version: 1\nname: faults\nbox: ${box}\nprovider: qemu\nmemory: 256MiB\n${rest}`
const file = () => join(place.dir, 'posada.yaml')
const machineFile = (name: string) => join(place.dir, '.posada', 'machines', 'default', name)
const status = async () => (await place.json<{ machines: { state: string }[] }>('status')).machines[0]?.state

/** The machine has a process when this returns. */
async function begin(): Promise<void> {
  await cutShort(place, ['up'], { at: 'waiting for the guest', signal: 'SIGKILL' })
  expect(place.hypervisors()).toHaveLength(1)
}

describe('a box', () => {
  it('that is not there: where it is asked for, and how to get it', async () => {
    place.write(manifest('', 'debian/99'))
    expect(await place.fails('E_BOX_MISSING', 'up')).toMatchObject({
      exitCode: 1,
      machine: 'default',
      value: 'debian/99',
      place: { file: file(), line: 3, column: 6 },
    })
    place.write(manifest('', 'nobody/knows'))
    expect(await place.fails('E_BOX_MISSING', 'up')).toMatchObject({
      hint: expect.stringContaining('posada box search'),
    })
    expect(await status()).toBe('absent')
  })

  it('that is damaged: which file, and what to do; no machine is begun', async () => {
    place.env.XDG_DATA_HOME = join(place.dir, '..', 'data')
    const dir = copyBox('posada/tiny', place.env.XDG_DATA_HOME)
    const key = join(dir, 'login.key')
    const text = readFileSync(key, 'utf8')
    writeFileSync(key, text.replace(/\n[^\n]/, '\n#'))
    expect(await place.fails('E_BOX_CORRUPT', 'up')).toMatchObject({
      message: expect.stringContaining('the content of login.key has changed'),
      place: { line: 3 },
      hint: expect.stringContaining('posada box build'),
    })
    writeFileSync(join(dir, 'root.qcow2'), 'short')
    expect(await place.fails('E_BOX_CORRUPT', 'up')).toMatchObject({
      message: expect.stringMatching(/root\.qcow2 has 5 bytes, not \d+/),
    })
    rmSync(join(dir, 'root.qcow2'))
    expect(await place.fails('E_BOX_CORRUPT', 'up')).toMatchObject({
      message: expect.stringContaining('root.qcow2 is missing'),
    })
    expect(await status()).toBe('absent')
  })

  it('that was taken away from under a machine', async () => {
    place.env.XDG_DATA_HOME = join(place.dir, '..', 'data')
    copyBox('posada/tiny', place.env.XDG_DATA_HOME)
    await cutShort(place, ['up'], { at: 'waiting for the guest', signal: 'SIGINT' })
    rmSync(join(place.env.XDG_DATA_HOME, 'posada', 'boxes'), { recursive: true })
    expect(await place.fails('E_BOX_MISSING', 'up')).toMatchObject({ machine: 'default' })
    expect(await status()).toBe('stopped')
  })
})

describe('a state file', () => {
  it.each([
    ['half-written', '{"version": 1, "provider": "qe', 'E_STATE_CORRUPT'],
    ['of something else', '[]', 'E_STATE_CORRUPT'],
    ['that came with a repository', '{"version": 1, "provider": "evil"}', 'E_STATE_FOREIGN'],
    ['of a newer Posada', '{"version": 99}', 'E_STATE_VERSION'],
  ])('%s stops all but destroy, which ends the machine’s process too', async (_, content, code) => {
    await begin()
    writeFileSync(machineFile('state.json'), content)
    for (const verb of ['up', 'halt']) {
      expect(await place.fails(code, verb)).toMatchObject({ exitCode: 1, hint: expect.any(String) })
    }
    const shown = await place.json<{ machines: object[] }>('status')
    expect(shown.machines).toMatchObject([{ state: 'unknown', code, reason: expect.any(String) }])
    const { code: exit, stderr } = await place.run('destroy', '--yes')
    expect({ exit, stderr }).toMatchObject({
      exit: 0,
      stderr: expect.stringContaining(machineFile('state.json')),
    })
    expect(place.hypervisors()).toEqual([])
    expect(readdirSync(join(place.dir, '.posada', 'machines'))).toEqual([])
    expect(readdirSync(join(place.env.XDG_RUNTIME_DIR ?? '', 'posada'))).toEqual([])
    expect(await status()).toBe('absent')
  })
})

it.runIf(root)('a host whose loopback is down is told before anything starts', async () => {
  const { dir: cwd, env } = place
  const { code, stderr } = await ended(
    spawn('unshare', ['-n', process.execPath, launcher, 'up'], { cwd, env }),
  )
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('[E_LOOPBACK]') })
  expect(place.hypervisors()).toEqual([])
})

describe('a port in use', () => {
  it('is told with who has it and where it is asked for; nothing is left running', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      place.write(manifest(`ports: ["${port}:80"]\n`))
      expect(await place.fails('E_PORT_IN_USE', 'up')).toMatchObject({
        exitCode: 1,
        value: `127.0.0.1:${port}/tcp`,
        message: expect.stringContaining(`(pid ${process.pid})`),
        place: { file: file(), line: 6 },
        hint: expect.stringContaining('auto: true'),
      })
      expect(place.hypervisors()).toEqual([])
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

describe('QEMU that is not installed', () => {
  it('is told with how to get it; doctor says so, too; status and destroy do without', async () => {
    await cutShort(place, ['up'], { at: 'waiting for the guest', signal: 'SIGINT' })
    place.env.PATH = join(place.dir, 'no programs')
    expect(await place.fails('E_QEMU_MISSING', 'up')).toMatchObject({
      exitCode: 1,
      machine: 'default',
      hint: expect.stringContaining('posada doctor --fix'),
    })
    const doctor = await place.run('doctor')
    expect(doctor).toMatchObject({ code: 1, stdout: expect.stringContaining('apt-get install qemu-system') })
    expect(await status()).toBe('stopped')
    expect(await place.json('destroy', '--yes')).toMatchObject({ machines: [{ destroyed: true }] })
  })
})

describe('the folder for sockets', () => {
  it('whose path is too long', async () => {
    const runtime = join(place.dir, '..', 'x'.repeat(90))
    mkdirSync(runtime, { mode: 0o700 })
    place.env.XDG_RUNTIME_DIR = runtime
    expect(await place.fails('E_SOCKET_PATH', 'up')).toMatchObject({
      exitCode: 1,
      machine: 'default',
      value: expect.stringContaining(runtime),
      hint: expect.stringContaining('XDG_RUNTIME_DIR'),
    })
  })

  it('that others may write to', async () => {
    const runtime = join(place.env.XDG_RUNTIME_DIR ?? '', 'posada')
    mkdirSync(runtime)
    chmodSync(runtime, 0o777)
    expect(await place.fails('E_RUNTIME_DIR', 'up')).toMatchObject({ exitCode: 1, value: runtime })
  })

  it.skipIf(!root)('that belongs to another user (needs root)', async () => {
    const runtime = join(place.env.XDG_RUNTIME_DIR ?? '', 'posada')
    mkdirSync(runtime, { mode: 0o700 })
    chownSync(runtime, otherUser, otherUser)
    expect(await place.fails('E_RUNTIME_DIR', 'up')).toMatchObject({ exitCode: 1, value: runtime })
  })
})

describe('a project that one may not write to (needs root, to become another user)', () => {
  it('is told with the path', async ({ skip }) => {
    const base = join(place.dir, '..')
    chmodSync(base, 0o755)
    for (const name of readdirSync(base))
      if (join(base, name) !== place.dir) chownSync(join(base, name), otherUser, otherUser)
    const env = { ...place.env, XDG_DATA_HOME: join(base, 'data'), XDG_CACHE_HOME: join(base, 'cache') }
    const asNobody = [
      '--reuid',
      String(otherUser),
      '--regid',
      String(otherUser),
      '--clear-groups',
      process.execPath,
    ]
    const probe = spawnSync('setpriv', [...asNobody, launcher, '--version'], { cwd: place.dir, env })
    if (probe.status !== 0) skip('another user cannot run Posada from here')
    const child = spawn('setpriv', [...asNobody, launcher, 'up', '--json'], { cwd: place.dir, env })
    const { code, stdout, stderr } = await ended(child)
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'E_NO_PERMISSION',
      value: join(place.dir, '.posada'),
      hint: expect.stringContaining('ls -ld'),
    })
    expect(readdirSync(place.dir)).toEqual(['posada.yaml'])
  })
})
