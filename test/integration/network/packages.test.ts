import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { machinesPlace } from '../../helpers/machines.ts'
import { ended, launcher } from '../../helpers/posada.ts'

// A debian/12 boots, in a network namespace that has no way out: some 15 s with emulated processors.

/** Source: RFC 5737, addresses for documentation. */
const outside = '198.51.100.1'
const world = join(import.meta.dirname, '..', '..', 'helpers', 'outside-world.cjs')
const own = `ip link set lo up && ip addr add ${outside}/32 dev lo && mount --bind resolv.conf /etc/resolv.conf &&
mkfifo said && { "$0" "$2" ${outside} mirror >said & } && read -r word <said && [ "$word" = ready ] && "$0" "$1" up; code=$?
kill $!; exit $code`
const step = `echo 'deb [trusted=yes] http://mirror.test/ ./' >/tmp/mirror.list
get() { apt-get -qq -o Dir::Etc::sourcelist=/tmp/mirror.list -o Dir::Etc::sourceparts=- -o Acquire::http::Proxy=DIRECT "$@"; }
get update && get install -y shop-greeting && cat /etc/shop-greeting`

/** A mirror of one package. Source: DebianRepository/Format, flat. */
function writeMirror(folder: string): void {
  const tree = join(folder, 'tree')
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true })
  mkdirSync(join(tree, 'etc'))
  const control =
    'Package: shop-greeting\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.com>\nDescription: a file\n'
  writeFileSync(join(tree, 'DEBIAN', 'control'), control)
  writeFileSync(join(tree, 'etc', 'shop-greeting'), 'installed through the guard\n')
  const mirror = join(folder, 'mirror')
  mkdirSync(mirror)
  const built = spawnSync('dpkg-deb', ['--build', '--root-owner-group', tree, join(mirror, 'greeting.deb')])
  expect(built.status, String(built.stderr)).toBe(0)
  const deb = readFileSync(join(mirror, 'greeting.deb'))
  const hash = createHash('sha256').update(deb).digest('hex')
  const entry = `${control}Filename: ./greeting.deb\nSize: ${deb.length}\nSHA256: ${hash}\n`
  writeFileSync(join(mirror, 'Packages'), entry)
}

it.runIf(process.getuid?.() === 0)(
  'apt finds a mirror by the name server at 10.0.2.3 and installs from it, through the guard',
  async () => {
    const place = machinesPlace('packages')
    onTestFinished(() => place.cleanUp())
    place.write(`version: 1
box: debian/12
memory: 512MiB
provider: qemu
provision:
  - shell: |
${step.replace(/^/gm, '      ')}
`)
    writeMirror(place.dir)
    writeFileSync(join(place.dir, 'resolv.conf'), `nameserver ${outside}\n`)
    const { dir: cwd, env } = place
    const argv = ['-nm', '--propagation', 'private', 'sh', '-c', own, process.execPath, launcher, world]
    const { code, stdout, stderr } = await ended(spawn('unshare', argv, { cwd, env }))
    expect({ code, output: stdout + stderr }).toMatchObject({
      code: 0,
      output: expect.stringContaining('installed through the guard'),
    })
  },
)
