import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '../../src/ssh/keys.ts'
import { type ServerPlace, startServer, type TestServer } from './ssh-server.ts'

/**
 * Debian's own sshd on a loopback port, with keys, settings and home in a temporary folder. Logs in
 * the user who runs the tests, root or not. `ownGroups`, for root: it and what it runs have an /etc/group of their own,
 * the file `group` in the server's folder.
 */
export function startSshd(settings: readonly string[] = [], { ownGroups = false } = {}): Promise<TestServer> {
  return startServer('sshd', async (place) => {
    const { dir, hostKeyFile } = place
    const configFile = join(dir, 'sshd_config')
    await writeFile(hostKeyFile, generateKeyPair('host').privateKey, { mode: 0o600 })
    await writeFile(configFile, `${[...settings, ...config(place)].join('\n')}\n`)
    if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true })
    const server = [sshdPath(), '-D', '-e', '-f', configFile]
    const group = join(dir, 'group')
    await copyFile('/etc/group', group)
    const isolated = `mount --bind '${group}' /etc/group && exec ${server.join(' ')}`
    return ownGroups ? ['unshare', '-m', 'sh', '-c', isolated] : server
  })
}

/** Whether the machine has what the privileged parts of provisioning need. */
export function hasSudo(): boolean {
  return spawnSync('sudo', ['-n', 'true']).status === 0
}

function config({ home, hostKeyFile, authorizedKeys, port }: ServerPlace): string[] {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKeyFile}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    `AuthorizedKeysFile ${authorizedKeys}`,
    `SetEnv HOME=${home}`,
    'MaxSessions 100',
    'Subsystem sftp internal-sftp',
  ]
}

function sshdPath(): string {
  const path = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find((file) => existsSync(file))
  if (path === undefined) throw new Error('these tests need an SSH server: apt-get install openssh-server')
  return path
}

/** Whether a process runs: it is there and not merely waiting to be collected. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  })
  return stat !== null && !/\) Z /.test(stat)
}
