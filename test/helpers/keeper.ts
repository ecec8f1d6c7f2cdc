import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockHolder } from '../../src/background/process-lock.ts'
import { attach } from '../../src/keeper/attach.ts'
import type { KeeperConfig } from '../../src/keeper/config.ts'
import { credentialOf } from '../../src/keeper/credential.ts'
import { endKeeper, launchKeeper } from '../../src/keeper/launch.ts'
import { KeptSession } from '../../src/keeper/session.ts'
import { connect } from '../../src/ssh/connect.ts'
import type { SshTarget } from '../../src/ssh/session.ts'

export interface Keeper {
  socket: string
  config: KeeperConfig
  log: string
  /** Of the process; null where none runs. */
  pid(): Promise<number | null>
  /** Resolves when the process has ended. */
  ended(): Promise<void>
  /** A session that goes over it, or over a connection of its own. */
  session(patience?: number): KeptSession
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Begins another and waits until it gives out shells. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Milliseconds: no test is to depend on how busy the host is. */
const PATIENCE = 60_000

/** The real process, built, that keeps a connection to a test's server. */
export async function startKeeper(target: SshTarget, settings: Partial<KeeperConfig> = {}): Promise<Keeper> {
  const dir = mkdtempSync(join(tmpdir(), 'posada-keeper-'))
  const [socket, lock, log] = ['ssh.sock', 'ssh.lock', 'ssh.log'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ]
  const config = { target, socket, lock, ...settings }
  // The host's key is recorded.
  await (await connect(target)).close()
  const pid = async () => (await lockHolder(lock))?.identity.pid ?? null
  const keeper: Keeper = {
    socket,
    config,
    log,
    pid,
    ended: () => until(async () => (await pid()) === null),
    session: (patience = PATIENCE) =>
      new KeptSession({
        target,
        socket,
        connect: () => connect(target),
        signal: new AbortController().signal,
        patience,
      }),
    kill: async (signal = 'SIGKILL') => {
      const running = await pid()
      if (running !== null) process.kill(running, signal)
      if (signal === 'SIGKILL') await keeper.ended()
    },
    start: async () => {
      await until(async () => {
        await launchKeeper(config, log)
        const credential = (await credentialOf(target)) ?? ''
        const channel = await attach({ socket, credential, patience: PATIENCE })
        if (channel === null) return false
        channel.end('exit\n')
        channel.stderr.resume()
        await once(channel.resume(), 'close')
        return true
      })
    },
    stop: async () => {
      await endKeeper(lock)
      rmSync(dir, { recursive: true, force: true })
    },
  }
  await keeper.start()
  return keeper
}

/** Looks until it is so; as long as the test itself may take. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(50)
}
