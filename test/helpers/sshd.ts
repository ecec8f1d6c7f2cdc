import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair } from '../../src/ssh/keys.ts'
import type { SshTarget } from '../../src/ssh/session.ts'

export interface TestServer {
  /** A temporary folder, gone after `stop`. */
  dir: string
  /** HOME of what runs in the server. */
  home: string
  authorizedKeys: string
  hostKeyFile: string
  target: SshTarget
  pid: number
  stop(): Promise<void>
}

/**
 * Debian's own sshd on a loopback port, with keys, settings and home in a temporary folder. Logs in
 * the user who runs the tests, root or not. `ownGroups`, for root: it and what it runs have an /etc/group of their own,
 * the file `group` in the server's folder.
 */
export async function startSshd(
  settings: readonly string[] = [],
  { ownGroups = false } = {},
): Promise<TestServer> {
  const dir = await mkdtemp(join(tmpdir(), 'posada-sshd-'))
  const home = join(dir, 'home')
  const port = await freePort()
  const files = {
    hostKey: join(dir, 'host_key'),
    key: join(dir, 'key'),
    config: join(dir, 'sshd_config'),
    authorized: join(home, '.ssh', 'authorized_keys'),
  }
  const [host, login] = [generateKeyPair('host'), generateKeyPair('login')]
  await mkdir(join(home, '.ssh'), { recursive: true, mode: 0o700 })
  await writeFile(files.hostKey, host.privateKey, { mode: 0o600 })
  await writeFile(files.key, login.privateKey, { mode: 0o600 })
  await writeFile(files.authorized, `${login.publicKey}\n`, { mode: 0o600 })
  await writeFile(files.config, `${[...settings, ...config(files, home, port)].join('\n')}\n`)
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true })
  const server = [sshdPath(), '-D', '-e', '-f', files.config]
  const group = join(dir, 'group')
  await copyFile('/etc/group', group)
  const isolated = [
    'unshare',
    '-m',
    'sh',
    '-c',
    `mount --bind '${group}' /etc/group && exec ${server.join(' ')}`,
  ]
  const [program = '', ...args] = ownGroups ? isolated : server
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const log: string[] = []
  child.stderr.on('data', (data) => log.push(String(data)))
  const stop = async () => {
    await end(child)
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await listening(port, child, log)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    dir,
    home,
    authorizedKeys: files.authorized,
    hostKeyFile: files.hostKey,
    pid: child.pid ?? 0,
    target: {
      host: '127.0.0.1',
      port,
      user: userInfo().username,
      keyFile: files.key,
      knownHostsFile: join(dir, 'known_hosts'),
      hostAlias: 'box',
    },
    stop,
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Whether the machine has what the privileged parts of provisioning need. */
export function hasSudo(): boolean {
  return spawnSync('sudo', ['-n', 'true']).status === 0
}

function config(files: { hostKey: string; authorized: string }, home: string, port: number): string[] {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${files.hostKey}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    `AuthorizedKeysFile ${files.authorized}`,
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

export async function listening(port: number, child: ChildProcess, log: string[]): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`sshd ended: ${log.join('')}`)
    if (await accepts(port)) return
    await sleep(50)
  }
  throw new Error(`sshd does not listen: ${log.join('')}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}

/** Whether a process runs: it is there and not merely waiting to be collected. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null
    throw error
  })
  return stat !== null && !/\) Z /.test(stat)
}
