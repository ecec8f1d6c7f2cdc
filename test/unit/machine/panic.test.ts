import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findPanic } from '../../../src/machine/panic.ts'

const PANIC = 'Kernel panic - not syncing: VFS: Unable to mount root fs'
let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-panic-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

async function found(text: string, from = 0): Promise<string | null> {
  const path = join(dir, 'console.log')
  await writeFile(path, text)
  return findPanic(path, from)
}

describe('findPanic', () => {
  it.each([
    `${PANIC}\r\n`,
    `Loading…\r\n[    4.661] ${PANIC}\r\nCPU: 0\r\n`,
    `[   12.000001][    T1] ${PANIC}\r\n`,
    `[    4.661] ${PANIC}`,
  ])('finds it in %j', async (text) => {
    expect(await found(text)).toBe(PANIC)
  })

  it.each([
    'all is well\n',
    `---[ end ${PANIC} ]---\n`,
    `grep: log: ${PANIC}\n`,
    'Kernel panic - is what they call it\n',
    '',
  ])('takes %j for none', async (text) => {
    expect(await found(text)).toBeNull()
  })

  it('does not look at what an earlier run wrote', async () => {
    expect(await found(`${PANIC}\nLoading…\n`, PANIC.length + 1)).toBeNull()
    expect(await found(`Loading…\n`, 1000)).toBeNull()
    expect(await findPanic(join(dir, 'no log yet'), 0)).toBeNull()
  })

  it('finds the last words behind a flood, and no control characters in them', async () => {
    expect(await found(`${'x'.repeat(2 ** 20)}\n[1.0] ${PANIC}\u001b[31m\u0000\n`)).toBe(PANIC)
  })
})
