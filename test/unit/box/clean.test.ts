import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { boxesFolder } from '../../../src/box/recipe/recipes.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'

const script = join(boxesFolder(), 'lib', 'clean.sh')

async function root(files: Record<string, number>) {
  const folder = join(await temporaryFolder(onTestFinished), 'root')
  await mkdir(join(folder, 'etc'), { recursive: true })
  for (const [name, mode] of Object.entries(files)) {
    const path = join(folder, name)
    await mkdir(name.endsWith('/') ? path : dirname(path), { recursive: true })
    if (!name.endsWith('/')) await writeFile(path, 'of the build')
    await chmod(path, mode)
  }
  return folder
}

function clean(folder: string) {
  execFileSync('sh', ['-euc', '. "$1"; clean_root "$2"', 'sh', script, folder])
}

const shown = (folder: string) =>
  execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %y %m %s\\n'], {
    cwd: folder,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/ d (\d+) \d+$/, '/ $1'))
    .sort()

it('leaves the folders and logs that packages made, empty and with their modes', async () => {
  const folder = await root({
    'var/log/nginx/': 0o755,
    'var/log/mysql/': 0o2750,
    'var/log/mysql/error.log': 0o640,
    'var/log/btmp': 0o660,
    'var/log/postgresql/': 0o1775,
    'var/cache/apt/archives/partial/': 0o700,
    'var/cache/apt/pkgcache.bin': 0o644,
    'var/cache/nginx/proxy/': 0o700,
    'var/lib/apt/lists/partial/': 0o700,
    'var/lib/apt/lists/deb.debian.org_InRelease': 0o644,
    'var/lib/postgresql/15/main/PG_VERSION': 0o600,
  })
  clean(folder)
  const kept = shown(folder)
  expect(kept).toEqual(
    expect.arrayContaining([
      'var/log/nginx/ 755',
      'var/log/mysql/ 2750',
      'var/log/mysql/error.log f 640 0',
      'var/log/btmp f 660 0',
      'var/log/postgresql/ 1775',
      'var/cache/apt/archives/partial/ 700',
      'var/cache/nginx/proxy/ 700',
      'var/lib/apt/lists/partial/ 700',
      'var/lib/postgresql/15/main/PG_VERSION f 600 12',
    ]),
  )
  expect(kept.join('\n')).not.toMatch(/pkgcache|InRelease/)
})

it('takes away what two machines must not share, and what the build left', async () => {
  const gone = {
    'etc/ssh/ssh_host_ed25519_key': 0o600,
    'var/lib/systemd/random-seed': 0o600,
    'var/log/journal/0123456789abcdef0123456789abcdef/system.journal': 0o640,
    'tmp/.hidden': 0o644,
    'var/tmp/left/over': 0o644,
    'run/some.pid': 0o644,
    'root/.cache/pip': 0o644,
    'usr/sbin/policy-rc.d': 0o755,
  }
  const folder = await root({ ...gone, 'tmp/': 0o1777, 'etc/machine-id': 0o644 })
  clean(folder)
  expect(shown(folder).filter((line) => / f /.test(line))).toEqual(['etc/machine-id f 644 0'])
  expect(shown(folder)).toEqual(expect.arrayContaining(['tmp/ 1777', 'var/log/journal/ 755']))
  expect(shown(folder).join('\n')).not.toMatch(/0123|left/)
})

it('follows no link out of the root', async () => {
  const outside = await temporaryFolder(onTestFinished)
  await writeFile(join(outside, 'precious'), 'mine')
  const folder = await root({ 'var/log/nginx/': 0o755 })
  await symlink(outside, join(folder, 'tmp'))
  await symlink(outside, join(folder, 'var/log/app'))
  await symlink(join(outside, 'precious'), join(folder, 'var/log/app.log'))
  clean(folder)
  expect((await stat(join(outside, 'precious'))).size).toBe(4)
  expect(await readlink(join(folder, 'var/log/app'))).toBe(outside)
})
