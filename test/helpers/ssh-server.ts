import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair } from '../../src/ssh/keys.ts'
import type { SshTarget } from '../../src/ssh/session.ts'
import { freePort } from './free-port.ts'

/** Where a server has its files, and the port of loopback that it is to listen on. */
export interface ServerPlace {
  /** A temporary folder, gone after `stop`. */
  dir: string
  /** HOME of what runs in the server. */
  home: string
  authorizedKeys: string
  /** Not there yet. */
  hostKeyFile: string
  port: number
}

export interface TestServer extends Omit<ServerPlace, 'port'> {
  target: SshTarget
  pid: number
  stop(): Promise<void>
}

/** Runs an SSH server on a loopback port that lets in who runs the tests, by a key. `prepare` gives its command line. */
export async function startServer(
  name: string,
  prepare: (place: ServerPlace) => Promise<readonly string[]>,
): Promise<TestServer> {
  const dir = await mkdtemp(join(tmpdir(), `posada-${name}-`))
  const home = join(dir, 'home')
  const authorizedKeys = join(home, '.ssh', 'authorized_keys')
  const keyFile = join(dir, 'key')
  const place = { dir, home, authorizedKeys, hostKeyFile: join(dir, 'host_key'), port: await freePort() }
  const login = generateKeyPair('login')
  await mkdir(join(home, '.ssh'), { recursive: true, mode: 0o700 })
  await writeFile(keyFile, login.privateKey, { mode: 0o600 })
  await writeFile(authorizedKeys, `${login.publicKey}\n`, { mode: 0o600 })
  const [program = '', ...args] = await prepare(place)
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const log: string[] = []
  child.stderr.on('data', (data) => log.push(String(data)))
  const stop = async () => {
    await end(child)
    await rm(dir, { recursive: true, force: true })
  }
  const { port, ...files } = place
  try {
    await listening(port, child, log)
  } catch (error) {
    await stop()
    throw error
  }
  const known = { keyFile, knownHostsFile: join(dir, 'known_hosts'), hostAlias: 'box' }
  const target = { host: '127.0.0.1', port, user: userInfo().username, ...known }
  return { ...files, pid: child.pid ?? 0, target, stop }
}

async function listening(port: number, child: ChildProcess, log: string[]): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`the SSH server ended: ${log.join('')}`)
    if (await accepts(port)) return
    await sleep(50)
  }
  throw new Error(`the SSH server does not listen: ${log.join('')}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}
