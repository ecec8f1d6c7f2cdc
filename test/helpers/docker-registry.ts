import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'

export const hasDockerRegistry = spawnSync('docker-registry', ['--version']).status === 0

export interface DockerRegistry {
  /** `127.0.0.1:PORT`. */
  host: string
  stop(): Promise<void>
}

/**
 * Docker's own registry server on loopback, with its data in a temporary folder. `htpasswd`: lines of
 * user and bcrypt hash, without which anyone is let in.
 */
export async function startDockerRegistry({ htpasswd }: { htpasswd?: string } = {}): Promise<DockerRegistry> {
  const dir = await mkdtemp(join(tmpdir(), 'posada-registry-'))
  const port = await freePort()
  const users = join(dir, 'htpasswd')
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') } },
    http: { addr: `127.0.0.1:${port}` },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: users } } }),
  }
  if (htpasswd !== undefined) await writeFile(users, htpasswd)
  // JSON is YAML too.
  await writeFile(join(dir, 'config.yml'), JSON.stringify(config))
  const child = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: 'ignore' })
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await rm(dir, { recursive: true, force: true })
  }
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 150 || child.exitCode !== null) {
      await stop()
      throw new Error('docker-registry does not start')
    }
    await sleep(100)
  }
  return { host: `127.0.0.1:${port}`, stop }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
