import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { describeHolder, type LockHolder, withLock } from '../../../src/project/lock.ts'

let dir: string
let path: string
let child: ChildProcess | undefined
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-lock-'))
  path = join(dir, 'machine', 'lock')
})
afterEach(async () => {
  vi.useRealTimers()
  child?.kill('SIGKILL')
  await rm(dir, { recursive: true, force: true })
})

/** Another process that takes the lock with flock(2) and keeps it. */
async function holdElsewhere(text: string): Promise<ChildProcess> {
  const koffi = createRequire(import.meta.url).resolve('koffi')
  const script = `
    const fs = require('node:fs')
    fs.mkdirSync(${JSON.stringify(join(dir, 'machine'))}, { recursive: true })
    const fd = fs.openSync(${JSON.stringify(path)}, 'a+')
    const flock = require(${JSON.stringify(koffi)}).load(null).func('int flock(int fd, int operation)')
    if (flock(fd, 2) !== 0) process.exit(1)
    fs.writeSync(fd, ${JSON.stringify(text)})
    process.stdout.write('held')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  return holder
}

const options = { command: 'posada halt', wait: 10_000 }

describe('withLock', () => {
  it('lets one in at a time', async () => {
    let inside = 0
    const results = await Promise.all(
      [1, 2, 3, 4].map((value) =>
        withLock(path, options, async () => {
          expect(++inside).toBe(1)
          await new Promise((resolve) => setTimeout(resolve, 20))
          inside--
          return value
        }),
      ),
    )
    expect(results).toEqual([1, 2, 3, 4])
  })

  it('is freed by the kernel when its holder is killed, and says who it was', async () => {
    child = await holdElsewhere('{"pid":4711,"command":"posada up","since":"2026-01-01T00:00:00Z"}')
    const waited: (LockHolder | null)[] = []
    const work = withLock(path, { ...options, onWait: (holder) => waited.push(holder) }, async () => 'got it')
    while (waited.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    child.kill('SIGKILL')
    expect(await work).toBe('got it')
    expect(waited.map(describeHolder)).toEqual(['posada up (pid 4711, since 2026-01-01T00:00:00Z)'])
  })

  it('waits as long as it was told to when the clock is set', async () => {
    child = await holdElsewhere('')
    vi.useFakeTimers({ toFake: ['Date'] })
    let waiting = false
    const onWait = () => {
      waiting = true
      vi.setSystemTime(Date.now() + 3_600_000)
    }
    const work = withLock(path, { ...options, onWait }, async () => 'got it')
    while (!waiting) await new Promise((resolve) => setTimeout(resolve, 10))
    child.kill('SIGKILL')
    expect(await work).toBe('got it')
  })

  it('gives up after its time with E_LOCKED that names the holder', async () => {
    child = await holdElsewhere('{"pid":4711,"command":"posada up","since":"then"}')
    const work = withLock(path, { ...options, wait: 150, machine: 'web' }, async () => 'never')
    await expect(work).rejects.toMatchObject({
      code: 'E_LOCKED',
      message: 'machine web is being worked on by posada up (pid 4711, since then)',
      hint: 'wait for it to end, or stop it: kill 4711',
    })
  })

  it('does not stumble over a lock file that says nonsense', async () => {
    child = await holdElsewhere('{"pid":')
    await expect(withLock(path, { ...options, wait: 0 }, async () => 'never')).rejects.toThrow(
      'another process',
    )
  })

  it('stops waiting when aborted, with the signal’s own reason', async () => {
    child = await holdElsewhere('')
    const reason = new Error('the user has enough')
    const control = new AbortController()
    const onWait = () => setTimeout(() => control.abort(reason), 50)
    const work = withLock(path, { ...options, onWait, signal: control.signal }, async () => 'never')
    await expect(work).rejects.toBe(reason)
  })

  it('guards the path, not a file that its holder deleted', async () => {
    let second: Promise<boolean> | undefined
    await withLock(path, options, async () => {
      let waiting = false
      const onWait = () => {
        waiting = true
      }
      second = withLock(path, { ...options, onWait }, async () => existsSync(path))
      while (!waiting) await new Promise((resolve) => setTimeout(resolve, 10))
      await rm(join(dir, 'machine'), { recursive: true })
    })
    expect(await second).toBe(true)
  })
})
