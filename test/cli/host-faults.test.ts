import { spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { boxContent, writeBox } from '../helpers/box-files.ts'
import { ended, launcher, makePlace } from '../helpers/posada.ts'

/** A project, and its commands run by a shell line in which `posada` stands for the built command. */
function setUp() {
  const place = makePlace()
  onTestFinished(place.remove)
  writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nbox: nowhere/none\n')
  const sh = (line: string, env: NodeJS.ProcessEnv = {}) => {
    const script = `posada() { ${process.execPath} ${launcher} "$@"; }; ${line}`
    const options = { cwd: place.dir, env: { ...place.env, ...env } }
    return ended(spawn('sh', ['-c', script], options))
  }
  return { place, sh }
}

it.each(['posada list', 'posada list --json', 'posada --help'])(
  'a full disk behind stdout is told: %s',
  async (line) => {
    const { sh } = setUp()
    expect(await sh(`${line} > /dev/full`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('[E_DISK_FULL]'),
    })
  },
)

it('a working folder that was removed is told', async () => {
  const { sh } = setUp()
  const { code, stderr } = await sh('mkdir gone; cd gone; rmdir ../gone; posada status')
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the working folder was removed [E_PATH]'),
  })
})

it('a low limit of open files is told', async () => {
  const { sh } = setUp()
  const { code, stderr } = await sh('ulimit -n 64; posada up')
  expect(stderr).not.toContain('E_BUG')
  expect([1, 2]).toContain(code)
})

it.runIf(process.getuid?.() === 0)('a host without mount(8) is told before a box is built', async () => {
  const { sh } = setUp()
  const hidden = 'for f in /bin/mount /usr/bin/mount; do [ ! -e $f ] || mount --bind /dev/null $f; done'
  const line = `unshare --mount --propagation private sh -c '${hidden}; exec "$@"' sh`
  const { code, stderr } = await sh(`${line} ${process.execPath} ${launcher} box build posada/tiny --force`)
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('apt-get install mount'),
  })
})

it('a file in the place of .posada is told', async () => {
  const { place, sh } = setUp()
  writeFileSync(join(place.dir, '.posada'), '')
  expect(await sh('posada up')).toMatchObject({ code: 1, stderr: expect.stringContaining('[E_PATH]') })
})

it('a file system that refuses locks is told, with the file that is to be locked', async () => {
  const { place } = setUp()
  const preload = join(import.meta.dirname, '..', 'helpers', 'refuse-flock.cjs')
  const argv = ['--require', preload, launcher, 'up']
  const { code, stderr } = await ended(spawn(process.execPath, argv, { cwd: place.dir, env: place.env }))
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      `the file system cannot lock files at ${join(place.dir, '.posada', 'lock')} (ENOLCK) [E_LOCK_REFUSED]`,
    ),
  })
  expect(stderr).toContain('keep the project and your home on a local disk')
})

it('HOME that is empty is none: nothing is written into the working folder', async () => {
  const { place, sh } = setUp()
  const folders = ['XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME']
  const unset = Object.fromEntries(folders.map((name) => [name, '']))
  for (const command of ['list', 'doctor'])
    expect((await sh(`posada ${command}`, { HOME: '', ...unset })).stderr).not.toContain('E_BUG')
  expect(readdirSync(place.dir)).toEqual(['posada.yaml'])
})

// Only root can become another user, or mount.
describe.runIf(process.getuid?.() === 0)('as root', () => {
  it('a user whom the system does not list is one like any other, and needs a HOME', async () => {
    const { place, sh } = setUp()
    const base = join(place.dir, '..')
    for (const path of [base, place.dir, join(place.dir, 'posada.yaml')]) chownSync(path, 54321, 54321)
    for (const name of ['data', 'state', 'cache', 'config', 'run']) chownSync(join(base, name), 54321, 54321)
    chmodSync(base, 0o755)
    const asUser = (line: string, env: NodeJS.ProcessEnv = {}) =>
      sh(`exec setpriv --reuid=54321 --clear-groups ${process.execPath} ${launcher} ${line}`, env)
    expect(await asUser('status')).toMatchObject({ code: 0, stderr: '' })
    const homeless = { HOME: '', XDG_DATA_HOME: '', XDG_STATE_HOME: '', XDG_CACHE_HOME: '' }
    expect(await asUser('status', homeless)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_HOME]'),
    })
  })

  it('sudo in another user’s project makes nothing there', async () => {
    const { place, sh } = setUp()
    chownSync(place.dir, 54321, 54321)
    chownSync(join(place.dir, 'posada.yaml'), 54321, 54321)
    const { code, stderr } = await sh('posada up', { SUDO_UID: '54321' })
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('run it without sudo'),
    })
    expect(readdirSync(place.dir)).toEqual(['posada.yaml'])
  })

  it('a full disk is told of where a copy goes to, not of where it comes from', async () => {
    const { place, sh } = setUp()
    await writeBox(join(place.dir, 'box'), boxContent({}, 'x'.repeat(2 ** 20)))
    const full = 'mkdir small && mount -t tmpfs -o size=256k none small && exec "$0" "$1" box add ./box'
    const env = { XDG_DATA_HOME: join(place.dir, 'small') }
    const { stderr, code } = await sh(`unshare -m sh -c '${full}' ${process.execPath} ${launcher}`, env)
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('[E_DISK_FULL]') })
    expect(stderr).toMatch(/no room left on the disk at \S+\/small\/posada\/boxes\//)
  })

  it('boxes on a file system that is read-only are verified', async () => {
    const { place, sh } = setUp()
    await writeBox(join(place.dir, 'box'), boxContent())
    expect(await sh('posada box add ./box')).toMatchObject({ code: 0 })
    const data = place.env.XDG_DATA_HOME
    const mounted = `mount --bind ${data} ${data} && mount -o remount,ro,bind ${data} && exec "$0" "$1" box verify`
    const verify = () => sh(`unshare -m sh -c '${mounted}' ${process.execPath} ${launcher}`)
    expect(await verify()).toMatchObject({ code: 0, stdout: 'test/one 20261122.1 (x86_64) is intact\n' })
    // Whole, but not as when it was last looked at; then damaged.
    const [disk = ''] = (await sh(`ls ${data}/posada/boxes/sha256/*/root.raw`)).stdout.trim().split('\n')
    utimesSync(disk, 1, 1)
    expect(await verify()).toMatchObject({ code: 0 })
    writeFileSync(disk, 'the disc')
    expect(await verify()).toMatchObject({ code: 1, stdout: expect.stringContaining('is damaged') })
  })

  it('a file system that is read-only is told', async () => {
    const { place, sh } = setUp()
    mkdirSync(join(place.dir, 'ro'))
    const mounted =
      'mount -t tmpfs none ro && cp posada.yaml ro && mount -o remount,ro ro && cd ro && exec "$0" "$1" up'
    const { stderr, code } = await sh(`unshare -m sh -c '${mounted}' ${process.execPath} ${launcher}`)
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the file system is read-only'),
    })
  })
})
