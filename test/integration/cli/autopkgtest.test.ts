import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
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

/** Says what follows to the shell that autopkgtest's --shell opens. */
const atShell = `set timeout 300
spawn -noecho {*}$argv
expect "running shell" { expect " # " }
send {echo "made $AUTOPKGTEST_ARTIFACTS" && test -f debian/control && echo "at $(pwd)"; exit}
send "\\r"
expect eof
exit [lindex [wait] 3]
`

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

it("autopkgtest runs a package's test, which has the testbed restarted, and a shell after it", async () => {
  const file = join(place.dir, 'posada.yaml')
  const script = join(place.dir, '..', 'at-shell')
  writeFileSync(script, atShell)
  const argv = ['-B', '--user', 'root', '--shell', join(place.dir, 'package')]
  const bed = [launcher, 'autopkgtest-virt', '--file', file]
  const words = [script, 'autopkgtest', ...argv, '--', ...bed]
  const { exitCode, stdout } = await execa('expect', words, {
    env: place.env,
    extendEnv: false,
    reject: false,
  })
  expect(exitCode, stdout).toBe(0)
  expect(stdout).toMatch(/restarts +PASS\r?$/m)
  expect(stdout).toContain('restarted once')
  expect(stdout).toMatch(/^made \/var\/tmp\/autopkgtest\.\w+\/restarts-artifacts/m)
  expect(stdout).toMatch(/^at \/var\/tmp\/autopkgtest\.\w+\/tree\r?$/m)
  await until('nothing is left', 20_000, async () => place.processes(/./).length === 0)
}, 600_000)
