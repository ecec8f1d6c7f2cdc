import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keepInSync, type SyncReport } from '../../../src/sync/index.ts'
import { type LocalShell, localGuest } from '../../helpers/local-guest.ts'
import { makePair, type TestPair } from '../../helpers/sync-pair.ts'

type Settle = () => Promise<SyncReport | null>

/** Keeps a pair equal while `work` is done, and then ends it. */
async function kept(
  pair: TestPair,
  shell: LocalShell,
  work: (settle: Settle) => Promise<void>,
): Promise<Settle> {
  const control = new AbortController()
  let begin: (settle: Settle) => void = () => undefined
  const begun = new Promise<Settle>((resolve) => {
    begin = resolve
  })
  const keeping = keepInSync(pair, localGuest(shell), {
    emit: () => undefined,
    signal: control.signal,
    onKeeping: (settle) => begin(settle),
  })
  try {
    const settle = await Promise.race([begun, keeping.then(() => begun)])
    await work(settle)
    return settle
  } finally {
    control.abort(new Error('ended'))
    await keeping.catch((error: unknown) => {
      if (error !== control.signal.reason) throw error
    })
  }
}

const none = { written: 0, removed: 0, bytes: 0 }

test.each(['dash', 'bare', 'busybox'] as const)(
  'what was changed before it was asked is equal when it answers, with %s',
  {
    timeout: 120_000,
  },
  async (shell) => {
    using pair = makePair(shell)
    mkdirSync(join(pair.from, 'a/b'), { recursive: true })
    writeFileSync(join(pair.from, 'a/b/f'), 'first')
    const settle = await kept(pair, shell, async (settle) => {
      expect(await settle()).toMatchObject({ toGuest: { written: 3 }, toHost: none })
      expect(await settle()).toMatchObject({ toGuest: none, toHost: none, conflicts: 0, skipped: [] })
      for (let round = 0; round < 5; round++) {
        writeFileSync(join(pair.from, 'a/b/f'), `host ${round}`)
        writeFileSync(join(pair.to, 'a/b/g'), `guest ${round}`)
        mkdirSync(join(pair.to, `new-${round}/deep`), { recursive: true })
        writeFileSync(join(pair.to, `new-${round}/deep/f`), 'deep')
        await settle()
        expect(pair.differences()).toBe('')
        expect(readFileSync(join(pair.to, 'a/b/f'), 'utf8')).toBe(`host ${round}`)
      }
      writeFileSync(join(pair.from, 'a/b/f'), 'mine')
      writeFileSync(join(pair.to, 'a/b/f'), 'theirs')
      expect((await settle())?.conflicts).toBe(1)
      expect((await settle())?.conflicts).toBe(1)
    })
    expect(await settle()).toBe(null)
  },
)

test('what an ignore file of the host names from now on is left where it is', {
  timeout: 120_000,
}, async () => {
  using pair = makePair('dash')
  writeFileSync(join(pair.from, 'f'), '1')
  await kept(pair, 'dash', async (settle) => {
    await settle()
    writeFileSync(join(pair.from, '.gitignore'), 'out\n')
    await settle()
    writeFileSync(join(pair.from, 'out'), 'of the host')
    writeFileSync(join(pair.to, 'out'), 'of the guest')
    await settle()
    expect(readFileSync(join(pair.to, 'out'), 'utf8')).toBe('of the guest')
  })
})
