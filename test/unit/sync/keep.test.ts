import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { keepInSync, readSyncStatus, resolveConflicts } from '../../../src/sync/index.ts'
import { type LocalGuest, localGuest } from '../../helpers/local-guest.ts'
import { makePair, type TestPair } from '../../helpers/sync-pair.ts'

/** Keeps a pair equal while `work` is done, and then ends it. */
async function kept(pair: TestPair, guest: LocalGuest, work: () => Promise<void>): Promise<void> {
  const control = new AbortController()
  const keeping = keepInSync(pair, guest, { emit: () => undefined, signal: control.signal })
  try {
    await Promise.race([
      until(async () => (await readSyncStatus(pair.stateDir)).state === 'in step'),
      keeping,
    ])
    await work()
  } finally {
    control.abort(new Error('ended'))
    await keeping.catch((error: unknown) => {
      if (error !== control.signal.reason) throw error
    })
  }
}

/** Waits as long as a busy host may take. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 1500) throw new Error(`it did not happen: ${holds}`)
    await sleep(10)
  }
}

const content = (path: string) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

test('what changes on either side goes to the other, by its events', { timeout: 120_000 }, async () => {
  using pair = makePair('dash')
  mkdirSync(join(pair.from, 'old/sub'), { recursive: true })
  writeFileSync(join(pair.from, 'old/sub/f'), '1')
  await kept(pair, localGuest('dash'), async () => {
    expect((await readSyncStatus(pair.stateDir)).scanning.host).toBe(false)
    for (const [here, there] of [
      [pair.from, pair.to],
      [pair.to, pair.from],
    ] as const) {
      writeFileSync(join(here, 'old/sub/f'), `from ${here}`)
      await until(() => content(join(there, 'old/sub/f')) === `from ${here}`)
      mkdirSync(join(here, 'new/deep'), { recursive: true })
      writeFileSync(join(here, 'new/deep/f'), 'in a new folder')
      await until(() => content(join(there, 'new/deep/f')) === 'in a new folder')
      writeFileSync(join(here, 'new/deep/g'), 'later')
      await until(() => content(join(there, 'new/deep/g')) === 'later')
      chmodSync(join(here, 'new/deep/f'), 0o755)
      await until(() => (lstatSync(join(there, 'new/deep/f')).mode & 0o777) === 0o755)
      renameSync(join(here, 'new'), join(here, 'moved'))
      await until(
        () => content(join(there, 'moved/deep/g')) === 'later' && content(join(there, 'new/deep/g')) === null,
      )
      writeFileSync(join(here, 'moved/deep/g'), 'after the move')
      await until(() => content(join(there, 'moved/deep/g')) === 'after the move')
      rmSync(join(here, 'moved'), { recursive: true })
      await until(() => !readdirSync(there).includes('moved'))
    }
  })
  expect(pair.differences()).toBe('')
  expect(await readSyncStatus(pair.stateDir)).toMatchObject({ state: 'stopped', behind: 0, conflicts: 0 })
})

test('a guest without python3 is looked at every few seconds, and that is said', {
  timeout: 120_000,
}, async () => {
  using pair = makePair('busybox')
  writeFileSync(join(pair.from, 'f'), '1')
  await kept(pair, localGuest('busybox'), async () => {
    expect((await readSyncStatus(pair.stateDir)).scanning).toEqual({ host: false, guest: true })
    writeFileSync(join(pair.to, 'f'), '2')
    await until(() => content(join(pair.from, 'f')) === '2')
  })
})

test('nothing is carried while git holds its index', { timeout: 120_000 }, async () => {
  using pair = makePair('dash')
  mkdirSync(join(pair.from, '.git'))
  writeFileSync(join(pair.from, 'f'), '1')
  await kept(pair, localGuest('dash'), async () => {
    const lock = join(pair.from, '.git/index.lock')
    writeFileSync(lock, '')
    writeFileSync(join(pair.from, 'f'), '2')
    await sleep(500)
    expect(content(join(pair.to, 'f'))).toBe('1')
    rmSync(lock)
    await until(() => content(join(pair.to, 'f')) === '2')
  })
})

test('how a conflict is settled is carried out at once', { timeout: 120_000 }, async () => {
  using pair = makePair('dash')
  writeFileSync(join(pair.from, 'f'), '1')
  await pair.sync()
  writeFileSync(join(pair.from, 'f'), 'host')
  writeFileSync(join(pair.to, 'f'), 'guest')
  await kept(pair, localGuest('dash'), async () => {
    await until(async () => (await readSyncStatus(pair.stateDir)).conflicts === 1)
    expect(await resolveConflicts(pair.stateDir, 'theirs', ['f'])).toBe(1)
    await until(() => content(join(pair.from, 'f')) === 'guest')
    await until(async () => (await readSyncStatus(pair.stateDir)).conflicts === 0)
  })
})

test('what a saved file replaced in the guest is in the trash once nothing else comes', {
  timeout: 120_000,
}, async () => {
  using pair = makePair('dash')
  writeFileSync(join(pair.from, 'f'), '1')
  await kept(pair, localGuest('dash'), async () => {
    for (const version of ['2', '3']) {
      writeFileSync(join(pair.from, 'f'), version)
      await until(() => content(join(pair.to, 'f')) === version)
    }
    await until(() => pair.trash().length === 2)
    await until(() =>
      readdirSync(join(pair.to, '../.posada-sync-guest')).every((name) => !/^out-/.test(name)),
    )
  })
})

test('it ends when the guest is gone, and leaves nothing there', { timeout: 120_000 }, async () => {
  using pair = makePair('dash')
  const guest = localGuest('dash')
  writeFileSync(join(pair.from, 'f'), '1')
  const control = new AbortController()
  const keeping = keepInSync(pair, guest, { emit: () => undefined, signal: control.signal })
  await Promise.race([until(() => content(join(pair.to, 'f')) === '1'), keeping])
  for (const { pid } of guest.running) if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  await expect(keeping).rejects.toMatchObject({ code: 'E_SYNC_GUEST' })
  await until(() => guest.running.size === 0)
})

test('a folder that is replaced under it ends it, and nothing is deleted', { timeout: 120_000 }, async () => {
  using pair = makePair('dash')
  writeFileSync(join(pair.from, 'f'), '1')
  const keeping = keepInSync(pair, localGuest('dash'), {
    emit: () => undefined,
    signal: new AbortController().signal,
  })
  await Promise.race([until(() => content(join(pair.to, 'f')) === '1'), keeping])
  renameSync(pair.from, `${pair.from}.away`)
  mkdirSync(pair.from)
  await expect(keeping).rejects.toMatchObject({ code: 'E_SYNC_ROOT' })
  expect(content(join(pair.to, 'f'))).toBe('1')
})
