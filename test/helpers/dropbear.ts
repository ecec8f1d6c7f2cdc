import { spawn, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '../../src/ssh/keys.ts'
import { end, freePort, listening, type TestServer } from './sshd.ts'

/** It takes keys from the user's real home only, so that is covered by a temporary one: for root alone. */
export const canStartDropbear = process.getuid?.() === 0 && spawnSync('dropbear', ['-V']).status === 0

/** Debian's dropbear on a loopback port; logs in root, in a home of its own. */
export async function startDropbear(): Promise<TestServer> {
  const dir = await mkdtemp(join(tmpdir(), 'posada-dropbear-'))
  const home = join(dir, 'home')
  const port = await freePort()
  const hostKeyFile = join(dir, 'host_key')
  const authorizedKeys = join(home, '.ssh', 'authorized_keys')
  const login = generateKeyPair('login')
  await mkdir(join(home, '.ssh'), { recursive: true, mode: 0o700 })
  await writeFile(join(dir, 'key'), login.privateKey, { mode: 0o600 })
  await writeFile(authorizedKeys, `${login.publicKey}\n`, { mode: 0o600 })
  spawnSync('dropbearkey', ['-t', 'ed25519', '-f', hostKeyFile])
  const run = `mount --bind ${home} /root && exec dropbear -F -E -s -m -r ${hostKeyFile} -P ${dir}/pid -p 127.0.0.1:${port}`
  const child = spawn('unshare', ['-m', 'sh', '-c', run], { stdio: ['ignore', 'ignore', 'pipe'] })
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
  const target = {
    host: '127.0.0.1',
    port,
    user: 'root',
    keyFile: join(dir, 'key'),
    knownHostsFile: join(dir, 'known_hosts'),
    hostAlias: 'box',
  }
  return { dir, home, authorizedKeys, hostKeyFile, pid: child.pid ?? 0, target, stop }
}
