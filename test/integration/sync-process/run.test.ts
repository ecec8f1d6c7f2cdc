import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { holdLock, serveControl } from '../../../src/background/index.ts'
import { processIdentity } from '../../../src/lib/process/process-identity.ts'
import type { SyncPair } from '../../../src/sync/index.ts'
import { syncAnswers } from '../../../src/sync-process/answers.ts'
import type { SyncConfig } from '../../../src/sync-process/config.ts'
import { settleSync } from '../../../src/sync-process/index.ts'
import { type RunningSync, runSync } from '../../../src/sync-process/run.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// A local sshd stands for the guest, and a sleeping process for the machine's. The whole file takes some 10 s.

let sshd: TestServer
let dir: string
let machine: ChildProcess
let stop: AbortController
let running: RunningSync
beforeAll(async () => {
  sshd = await startSshd()
})
afterAll(() => sshd?.stop())
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'posada sync-')))
  machine = spawn('sleep', ['600'])
  stop = new AbortController()
})
afterEach(async () => {
  machine.kill('SIGKILL')
  stop.abort(new Error('the test is over'))
  await running.ended
  await rm(dir, { recursive: true, force: true })
})

async function start(...names: string[]): Promise<SyncConfig> {
  const pairs = names.map((name): SyncPair => {
    const folders = {
      from: join(dir, name),
      to: join(dir, `${name}-guest`),
      stateDir: join(dir, `${name}-state`),
    }
    return { ...folders, exclude: [], ignoreFiles: true, git: false, merge: false }
  })
  for (const { to, stateDir } of pairs) {
    await mkdir(to, { recursive: true })
    await mkdir(stateDir, { recursive: true })
  }
  const hypervisor = await processIdentity(machine.pid ?? 0)
  if (hypervisor === null) throw new Error('the process that stands for the machine has ended')
  const config = { machine: 'web', target: sshd.target, hypervisor, control: '', lock: '', pairs }
  running = runSync(config, { signal: stop.signal, log: () => undefined })
  return config
}
async function until(what: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries++) {
    if (tries > 200) throw new Error(`it did not come: ${what.toString()}`)
    await sleep(100)
  }
}
const childrenOf = async (pid: number) =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean).map(Number)
const holds = async (path: string, text: string) =>
  (await readFile(join(dir, path), 'utf8').catch(() => null)) === text

it('keeps each folder equal, and tells of one that cannot be until it can', async () => {
  await mkdir(join(dir, 'a'))
  await writeFile(join(dir, 'a', 'file'), 'one')
  await start('a', 'b')
  await until(() => holds('a-guest/file', 'one'))
  await until(async () => Object.keys(await running.problems()).length > 0)
  expect(await running.problems()).toEqual({
    [join(dir, 'b-guest')]: expect.stringContaining(join(dir, 'b')),
  })
  await mkdir(join(dir, 'b-new'))
  await writeFile(join(dir, 'b-new', 'late'), 'two')
  await rename(join(dir, 'b-new'), join(dir, 'b'))
  await until(() => holds('b-guest/late', 'two'))
  await until(async () => Object.keys(await running.problems()).length === 0)
  await writeFile(join(dir, 'a-guest', 'file'), 'three')
  await until(() => holds('a/file', 'three'))
})

it('goes on where a guest comes back that was away, with what both sides changed meanwhile', async () => {
  await mkdir(join(dir, 'a'))
  await writeFile(join(dir, 'a', 'file'), 'one')
  await start('a')
  await until(() => holds('a-guest/file', 'one'))
  // It stops before its connections end, so that no new one is made in between.
  process.kill(sshd.pid, 'SIGSTOP')
  try {
    for (const pid of await childrenOf(sshd.pid)) process.kill(pid, 'SIGKILL')
    await until(async () => Object.keys(await running.problems()).length > 0)
    await writeFile(join(dir, 'a', 'file'), 'of the host')
    await writeFile(join(dir, 'a-guest', 'new'), 'of the guest')
  } finally {
    process.kill(sshd.pid, 'SIGCONT')
  }
  await until(() => holds('a-guest/file', 'of the host'))
  await until(() => holds('a/new', 'of the guest'))
  await until(async () => Object.keys(await running.problems()).length === 0)
})

it('ends with the machine', async () => {
  await mkdir(join(dir, 'a'))
  await start('a')
  machine.kill('SIGKILL')
  await running.ended
})

it('makes a folder equal when it is asked to, and says where it cannot', async () => {
  await mkdir(join(dir, 'a'))
  const config = await start('a')
  const [control, lock] = [join(dir, 'control'), join(dir, 'lock')]
  expect(await holdLock(lock, control)).toBe(true)
  const server = await serveControl(control, syncAnswers(config, running))
  try {
    await writeFile(join(dir, 'a', 'file'), 'one')
    const settled = await settleSync(lock, join(dir, 'a-guest'), stop.signal)
    expect(settled).toMatchObject({ toHost: { written: 0 }, conflicts: 0, skipped: 0 })
    expect(await readFile(join(dir, 'a-guest', 'file'), 'utf8')).toBe('one')
    expect(await settleSync(lock, join(dir, 'of-another'), stop.signal)).toBeNull()
  } finally {
    await server.close()
  }
})
