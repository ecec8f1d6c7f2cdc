import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { KeptSession } from '../../../src/keeper/session.ts'
import { capture } from '../../../src/ssh/capture.ts'
import { type Keeper, startKeeper } from '../../helpers/keeper.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { isRunning, startSshd } from '../../helpers/sshd.ts'

// The shell that a keeper starts ahead, over Debian's sshd. The whole file takes some 8 s.

let server: TestServer
let keeper: Keeper
const sessions: KeptSession[] = []

async function start(options?: Parameters<typeof startSshd>[1]): Promise<void> {
  server = await startSshd([], options)
  keeper = await startKeeper(server.target)
}

afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close()
  await keeper?.stop()
  await server?.stop()
})

async function command(argv: string[], stdin: string | Buffer = '') {
  const session = keeper.session()
  sessions.push(session)
  const { stdout, code } = await capture(session, argv, { stdin, limit: 2 ** 24 })
  return { stdout, code, isOwn: session.isOwn }
}

/** The process of the shell that waits in the guest. */
async function spare(): Promise<number> {
  for (;;) {
    const found = readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && isSpare(pid))
    if (found !== undefined) return Number(found)
    await sleep(20)
  }
}

/** It has a file open by which it knows since when it waits. */
function isSpare(pid: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const home = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${server.home}`)
    return home && words[0] === '/bin/sh' && existsSync(`/proc/${pid}/fd/8`)
  } catch {
    // It has ended meanwhile, or is another user's.
    return false
  }
}

/** Whose child it is, started by the keeper's shell, and that one by its supervision. */
const shellOf = ['sh', '-c', 'ps -o ppid= -p "$PPID"']

const isPlain = ['bash', 'sh', 'dash'].includes(basename(userInfo().shell ?? ''))

describe.runIf(isPlain)('a shell is started ahead', () => {
  test('a command runs in it, and the next in another', async () => {
    await start()
    for (let more = 2; more > 0; more--) {
      const ahead = await spare()
      const { stdout, isOwn } = await command(shellOf)
      expect([Number(stdout), isOwn]).toEqual([ahead, false])
      while (await isRunning(ahead)) await sleep(20)
    }
  })

  test('it runs commands with their folder, environment, input, errors and exit code', async () => {
    await start()
    await spare()
    const session = keeper.session()
    sessions.push(session)
    const argv = ['sh', '-c', 'pwd; echo "$A"; cat; echo err >&2; kill -9 $$']
    const said = await capture(session, argv, { env: { A: 'a b' }, cwd: '/tmp', stdin: 'in' })
    expect(said).toEqual({ code: 137, signal: 'SIGKILL', stdout: '/tmp\na b\nin', stderr: 'err\n' })
  })

  test('two commands at once, with input and much output', async () => {
    await start()
    await spare()
    const inputs = [1, 2].map(() => randomBytes(1_000_000).toString('hex'))
    const results = await Promise.all(inputs.map((input) => command(['cat'], input)))
    expect(results.map(({ stdout }, at) => stdout === inputs[at])).toEqual([true, true])
    expect(results.map(({ isOwn }) => isOwn)).toEqual([false, false])
  })

  test('it was killed', async () => {
    await start()
    process.kill(await spare(), 'SIGKILL')
    expect(await command(['echo', 'a'])).toEqual({ stdout: 'a\n', code: 0, isOwn: false })
    await spare()
  })

  test('it ends with the keeper', async () => {
    await start()
    const ahead = await spare()
    await keeper.kill()
    while (await isRunning(ahead)) await sleep(20)
  })

  test.runIf(userInfo().uid === 0)('a group that was added since', async () => {
    await start({ ownGroups: true })
    await spare()
    appendFileSync(join(server.dir, 'group'), `docker:x:987:${userInfo().username}\n`)
    const { stdout, isOwn } = await command(['id', '-G'])
    expect(stdout.trim().split(' ')).toContain('987')
    expect(isOwn).toBe(true)
    await keeper.ended()
  })

  test.runIf(userInfo().shell?.endsWith('bash'))('start files that were changed since', async () => {
    await start()
    for (const value of ['a', 'b']) {
      await spare()
      await writeFile(join(server.home, '.bashrc'), `export A=${value}\n`)
      expect(await command(['sh', '-c', 'echo $A'])).toEqual({ stdout: `${value}\n`, code: 0, isOwn: false })
      await keeper.kill()
      await writeFile(join(server.home, '.bashrc'), 'case $- in\n*i*) ;;\n*) return ;;\nesac\n')
      await keeper.start()
    }
  })
})
