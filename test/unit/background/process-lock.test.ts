import { type ChildProcess, spawn } from 'node:child_process'
import {
  copyFileSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { endHolder, holdLock, lastHolder, lockHolder } from '../../../src/background/process-lock.ts'
import { isAlive, processIdentity } from '../../../src/lib/process/process-identity.ts'

let dir: string
let path: string
let child: ChildProcess | null
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'posada-lock-'))
  path = join(dir, 'process.lock')
  child = null
})
afterEach(() => {
  child?.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

it('says who holds it, to one process alone', async () => {
  expect(await lockHolder(path)).toBe(null)
  expect(await holdLock(path, '/run/net.sock')).toBe(true)
  expect(await lockHolder(path)).toEqual({
    identity: await processIdentity(process.pid),
    control: '/run/net.sock',
  })
  expect(await holdLock(path, '/run/other.sock')).toBe(false)
  expect((await lockHolder(path))?.control).toBe('/run/net.sock')
})

it('is not taken through a link, whose target stays as it is', async () => {
  const target = join(dir, 'target')
  writeFileSync(target, 'precious')
  for (const link of [symlinkSync, linkSync]) {
    link(target, path)
    await expect(holdLock(path, '/run/net.sock')).rejects.toMatchObject({ code: 'ELOOP' })
    unlinkSync(path)
  }
  expect(readFileSync(target, 'utf8')).toBe('precious')
})

it('is not taken in a folder that is gone', async () => {
  await expect(holdLock(join(dir, 'gone', 'lock'), '/run/net.sock')).rejects.toMatchObject({
    code: 'E_CONTROL',
  })
})

it('goes with a folder that is moved and not with its copy', async () => {
  await holdLock(path, '/run/net.sock')
  const [copy, moved] = [join(dir, 'copy'), join(dir, 'moved')]
  copyFileSync(path, copy)
  expect([await lockHolder(copy), await lastHolder(copy)]).toEqual([null, null])
  renameSync(path, moved)
  expect((await lockHolder(moved))?.identity.pid).toBe(process.pid)
})

it('is free where its holder is gone, is an older process of the same number, or makes no sense', async () => {
  await holdLock(path, '/run/net.sock')
  const record = JSON.parse(readFileSync(path, 'utf8'))
  for (const wrong of [{ startTime: '1' }, { pid: 2 ** 30 }, { boot: 'another' }]) {
    writeFileSync(path, JSON.stringify({ ...record, ...wrong }))
    expect(await lockHolder(path)).toBe(null)
    expect((await lastHolder(path))?.control).toBe('/run/net.sock')
  }
  for (const nonsense of ['', '{', '[1]', '{"pid": "1"}']) {
    writeFileSync(path, nonsense)
    expect([await lockHolder(path), await lastHolder(path)]).toEqual([null, null])
  }
})

it('is freed of a process that does not end when it is asked to', async () => {
  await holdLock(path, '/run/net.sock')
  const record = JSON.parse(readFileSync(path, 'utf8'))
  child = spawn('sh', ['-c', 'trap "" TERM; echo; while :; do sleep 1; done'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await new Promise((resolve) => child?.stdout?.once('data', resolve))
  const identity = await processIdentity(child.pid ?? 0)
  writeFileSync(path, JSON.stringify({ ...record, ...identity }))
  await endHolder(path)
  expect(identity !== null && (await isAlive(identity))).toBe(false)
  await endHolder(path)
})
