import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makePair } from '../../helpers/sync-pair.ts'

describe.each(['dash', 'bare', 'busybox'] as const)('with %s in the guest', { timeout: 60_000 }, (shell) => {
  test('both folders are equal after each reconciliation, and what went is in the trash', async () => {
    using pair = makePair(shell)
    mkdirSync(join(pair.from, 'd/e'), { recursive: true })
    writeFileSync(join(pair.from, 'a'), 'one')
    writeFileSync(join(pair.from, 'd/e/f'), 'two', { mode: 0o755 })
    expect(await pair.sync()).toMatchObject({ toGuest: { written: 4, removed: 0, bytes: 6 }, skipped: [] })
    expect(pair.differences()).toBe('')

    writeFileSync(join(pair.to, 'd/e/f'), 'three!')
    writeFileSync(join(pair.to, 'n w'), 'new')
    rmSync(join(pair.from, 'a'))
    const { toGuest, toHost } = await pair.sync()
    expect({ toGuest, toHost }).toEqual({
      toGuest: { written: 0, removed: 1, bytes: 0 },
      toHost: { written: 2, removed: 0, bytes: 9 },
    })
    expect(readFileSync(join(pair.from, 'd/e/f'), 'utf8')).toBe('three!')
    expect(existsSync(join(pair.to, 'a'))).toBe(false)
    expect(pair.differences()).toBe('')
    expect(pair.trash()).toEqual(['guest a', 'host d/e/f'])

    expect(await pair.sync()).toMatchObject({ toGuest: { written: 0 }, toHost: { written: 0 }, conflicts: 0 })
  })
})
