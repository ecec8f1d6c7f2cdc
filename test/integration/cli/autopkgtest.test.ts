import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { launcher } from '../../helpers/posada.ts'

// Debian's autopkgtest runs the tests of a package of our own in posada/tiny, which restarts once: about a minute with emulated
// processors. docs/ci.md has the command for a package of Debian's.

/** What autopkgtest runs in a guest and busybox does not have. */
const shims = `set -e
printf '#!/bin/sh\\nexec /bin/sh "$@"\\n' >/bin/bash
printf '#!/bin/sh\\necho amd64\\n' >/bin/dpkg
chmod 755 /bin/bash /bin/dpkg
touch /root/.profile # without it busybox's shell ends, where bash goes on
`

const tree: Record<string, string> = {
  'debian/control':
    'Source: shop\nSection: misc\nPriority: optional\nMaintainer: A <a@example.com>\nStandards-Version: 4.6.2\n\nPackage: shop\nArchitecture: all\nDescription: a shop\n',
  // Says that the package is built already.
  'debian/files': '',
  'debian/changelog':
    'shop (1) unstable; urgency=low\n\n  * A.\n\n -- A <a@example.com>  Thu, 01 Jan 2026 00:00:00 +0000\n',
  'debian/tests/control':
    'Tests: restarts\nDepends:\nRestrictions: needs-root, needs-reboot, isolation-machine\n',
  'debian/tests/restarts': `#!/bin/sh
set -e
id=/var/tmp/boot
if [ -z "$AUTOPKGTEST_REBOOT_MARK" ]; then
  cat /proc/sys/kernel/random/boot_id >$id
  /tmp/autopkgtest-reboot once
fi
test "$(cat $id)" != "$(cat /proc/sys/kernel/random/boot_id)"
test -f debian/control
echo "restarted $AUTOPKGTEST_REBOOT_MARK"
`,
}

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('autopkgtest')
  place.write(
    `version: 1\nname: bed\nbox: posada/tiny\nprovider: qemu\nmemory: 192MiB\nprovision:\n  - {name: shims, shell: ${JSON.stringify(shims)}}\n`,
  )
  for (const [name, text] of Object.entries(tree)) {
    const path = join(place.dir, 'package', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    chmodSync(path, 0o755)
  }
})
afterAll(() => place.cleanUp())

it("autopkgtest runs a package's test, which has the test bed restarted", async () => {
  const file = join(place.dir, 'posada.yaml')
  const argv = ['-B', '--user', 'root', join(place.dir, 'package')]
  const bed = [launcher, 'autopkgtest-virt', '--file', file]
  // It opens /dev/stderr, which may not be a socket.
  const log = join(place.dir, '..', 'log')
  const words = ['-c', 'exec autopkgtest "$@" >"$0" 2>&1', log, ...argv, '--', ...bed]
  const { exitCode } = await execa('sh', words, { env: place.env, extendEnv: false, reject: false })
  const said = readFileSync(log, 'utf8')
  expect(exitCode, said).toBe(0)
  expect(said).toMatch(/^restarts +PASS$/m)
  expect(said).toContain('restarted once')
  await until('nothing is left', 20_000, async () => place.processes(/./).length === 0)
}, 600_000)
