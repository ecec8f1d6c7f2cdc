import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { attach } from '../../../src/keeper/attach.ts'
import { credentialOf } from '../../../src/keeper/credential.ts'
import { endKeeper, launchKeeper } from '../../../src/keeper/launch.ts'
import type { KeptSession } from '../../../src/keeper/session.ts'
import { capture } from '../../../src/ssh/capture.ts'
import { exec } from '../../../src/ssh/exec.ts'
import { canStartDropbear, startDropbear } from '../../helpers/dropbear.ts'
import { type Keeper, startKeeper } from '../../helpers/keeper.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { isRunning, startSshd } from '../../helpers/sshd.ts'

// The real process over Debian's SSH servers, which play the guest. How commands run over it: ../ssh/exec.test.ts.
// The whole file takes some 20 s.

let server: TestServer | undefined
let keeper: Keeper | undefined
const sessions: KeptSession[] = []

afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close()
  await keeper?.stop()
  await server?.stop()
  keeper = server = undefined
})

async function kept(given: TestServer, settings?: Parameters<typeof startKeeper>[1]): Promise<Keeper> {
  server = given
  keeper = await startKeeper(given.target, settings)
  return keeper
}

/** What a new command of `posada exec` does; whether it had to make a connection of its own. */
async function command(
  by: Keeper,
  argv: string[],
  patience?: number,
): Promise<{ stdout: string; code: number; isOwn: boolean }> {
  const session = by.session(patience)
  sessions.push(session)
  const { stdout, code } = await capture(session, argv)
  return { stdout, code, isOwn: session.isOwn }
}

describe('what it does not serve is done over another connection at once', () => {
  test('the process was killed', async () => {
    const by = await kept(await startSshd())
    expect(await command(by, ['echo', 'a'])).toEqual({ stdout: 'a\n', code: 0, isOwn: false })
    await by.kill()
    expect(await command(by, ['echo', 'b'])).toEqual({ stdout: 'b\n', code: 0, isOwn: true })
    await by.start()
    expect(await command(by, ['echo', 'c'])).toEqual({ stdout: 'c\n', code: 0, isOwn: false })
  })

  test('the process hangs', async () => {
    const by = await kept(await startSshd())
    await by.kill('SIGSTOP')
    expect(await command(by, ['echo', 'a'], 500)).toEqual({ stdout: 'a\n', code: 0, isOwn: true })
  })

  test('the guest ended the connection, as it does when it restarts', async () => {
    const by = await kept(await startSshd())
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(server?.pid)], { encoding: 'utf8' })
    for (const pid of stdout.trim().split(/\s+/)) process.kill(Number(pid), 'SIGKILL')
    await by.ended()
    expect(await command(by, ['echo', 'a'])).toEqual({ stdout: 'a\n', code: 0, isOwn: true })
  })

  test('the guest allows only so many commands over one connection', async () => {
    const by = await kept(await startSshd(['MaxSessions 2']))
    const [first, second] = [by.session(), by.session()]
    sessions.push(first, second)
    const stop = new AbortController()
    const pidFile = join(server?.dir ?? '', 'pid')
    const { signal } = stop
    const running = exec(first, ['sh', '-c', `echo $$ > ${pidFile}; exec sleep 1000`], { signal })
    const failure = running.catch((error: unknown) => error)
    const pid = await numberIn(pidFile)
    const other = exec(second, ['sh', '-c', `echo $$ > ${pidFile}2; exec sleep 1000`], { signal })
    const otherFailure = other.catch((error: unknown) => error)
    await numberIn(`${pidFile}2`)
    expect([first.isOwn, second.isOwn]).toEqual([false, false])
    expect(await command(by, ['echo', 'a'])).toEqual({ stdout: 'a\n', code: 0, isOwn: true })
    // What stops a command is one as well.
    stop.abort(new Error('enough'))
    expect(await otherFailure).toMatchObject({ message: 'enough' })
    expect(await failure).toMatchObject({ message: 'enough' })
    expect(await isRunning(pid)).toBe(false)
  })
})

async function numberIn(file: string): Promise<number> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text.endsWith('\n')) return Number(text)
    await sleep(50)
  }
}

test.runIf(userInfo().uid === 0)(
  'a command has the groups of its time, and the next process too',
  async () => {
    const by = await kept(await startSshd([], { ownGroups: true }))
    expect(await command(by, ['id', '-G'])).toMatchObject({ isOwn: false })
    appendFileSync(join(server?.dir ?? '', 'group'), `docker:x:987:${userInfo().username}\n`)
    const { stdout, isOwn } = await command(by, ['id', '-G'])
    expect(stdout.trim().split(' ')).toContain('987')
    expect(isOwn).toBe(true)
    await by.ended()
    await by.start()
    const next = await command(by, ['id', '-G'])
    expect(next.stdout.trim().split(' ')).toContain('987')
    expect(next.isOwn).toBe(false)
  },
)

describe('it gives no one what a login would not give', () => {
  test('the key is gone', async () => {
    const by = await kept(await startSshd())
    await rm(server?.target.keyFile ?? '')
    await expect(command(by, ['true'])).rejects.toMatchObject({ code: 'E_SSH_AUTH' })
  })

  test('another host key is recorded', async () => {
    const by = await kept(await startSshd())
    const file = server?.target.knownHostsFile ?? ''
    await writeFile(file, (await readFile(file, 'utf8')).replace(/.{8}$/m, 'AAAAAAAA'))
    await expect(command(by, ['true'])).rejects.toMatchObject({ code: 'E_SSH_HOST_KEY' })
    await by.ended()
  })
})

test('it ends when no one has used it for a while', async () => {
  const by = await kept(await startSshd(), { idle: 500 })
  await by.ended()
})

test('it ends when its socket is gone', async () => {
  const by = await kept(await startSshd())
  await rm(by.socket)
  await by.ended()
})

test('a client that is gone ends the input of its command', async () => {
  const by = await kept(await startSshd())
  const credential = (await credentialOf((server as TestServer).target)) ?? ''
  const channel = await attach({ socket: by.socket, credential, patience: 60_000 })
  const pidFile = join(server?.dir ?? '', 'pid')
  channel?.write(`echo $$ > ${pidFile}; exec cat\n`)
  const pid = await numberIn(pidFile)
  channel?.close()
  while (await isRunning(pid)) await sleep(50)
})

test('it is small', async () => {
  const by = await kept(await startSshd())
  await command(by, ['head', '-c', '1000000', '/dev/zero'])
  const status = await readFile(`/proc/${await by.pid()}/status`, 'utf8')
  expect(Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1])).toBeLessThan(100_000)
})

test.runIf(canStartDropbear)('dropbear: streams, exit codes, signals, stopping', async () => {
  const by = await kept(await startDropbear())
  const session = by.session()
  sessions.push(session)
  const said = await capture(session, ['sh', '-c', 'cat; echo err >&2; exit 7'], { stdin: 'in' })
  expect(session.isOwn).toBe(false)
  expect(said).toEqual({ code: 7, signal: null, stdout: 'in', stderr: 'err\n' })
  expect(await capture(session, 'kill -TERM $$')).toMatchObject({ code: 143, signal: 'SIGTERM' })
  const stop = new AbortController()
  const work = exec(session, ['sleep', '1000'], { signal: stop.signal })
  setTimeout(() => stop.abort(new Error('enough')), 200)
  await expect(work).rejects.toThrow('enough')
  expect(session.isOwn).toBe(false)
})

test('one that has only just been begun is ended, too', async () => {
  const by = await kept(await startSshd())
  await by.kill()
  await launchKeeper(by.config, by.log)
  await endKeeper(by.config.lock)
  const { stdout } = spawnSync('pgrep', ['-f', `keeper.js .*${by.socket}`], { encoding: 'utf8' })
  expect(stdout).toBe('')
})
