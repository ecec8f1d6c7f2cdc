import { spawnSync } from 'node:child_process'
import { startServer, type TestServer } from './ssh-server.ts'

/** It takes keys from the user's real home only, so that is covered by a temporary one: for root alone. */
export const canStartDropbear = process.getuid?.() === 0 && spawnSync('dropbear', ['-V']).status === 0

/** Debian's dropbear on a loopback port; logs in root, in a home of its own. */
export function startDropbear(): Promise<TestServer> {
  return startServer('dropbear', async ({ dir, home, hostKeyFile, port }) => {
    spawnSync('dropbearkey', ['-t', 'ed25519', '-f', hostKeyFile])
    const run = `mount --bind ${home} /root && exec dropbear -F -E -s -m -r ${hostKeyFile} -P ${dir}/pid -p 127.0.0.1:${port}`
    return ['unshare', '-m', 'sh', '-c', run]
  })
}
