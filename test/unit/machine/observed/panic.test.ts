import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findDeath, findPanic } from '../../../../src/machine/observed/panic.ts'

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

describe('findDeath', () => {
  const death = async (text: string, from = 0) => {
    const path = join(dir, 'console.log')
    await writeFile(path, text)
    return findDeath(path, from)
  }

  it.each([
    `[    4.661] ${PANIC}\r\nCPU: 0\r\n[    4.7] ---[ end ${PANIC} ]---\r\n`,
    `---[ end ${PANIC} ]---`,
    `${'x'.repeat(2 ** 20)}\n[1.0][    T1] ---[ end ${PANIC} ]---\n\n`,
  ])('a panic that nothing came after', async (text) => {
    expect(await death(text)).toBe(PANIC)
  })

  it.each([
    ['a panic that is still being told of', `${PANIC}\nCPU: 0\n`],
    ['a kernel that restarts itself', `${PANIC}\nRebooting in 10 seconds..\n`],
    ['what a restarted guest says', `---[ end ${PANIC} ]---\n\ndebian login: `],
    ['a line that only holds the words', `log: ---[ end ${PANIC} ]---\n`],
    ['nothing', ''],
  ])('%s is none', async (_, text) => {
    expect(await death(text)).toBeNull()
  })

  it('looks at this run alone, and at a log that was begun again meanwhile', async () => {
    const end = `---[ end ${PANIC} ]---\n`
    expect(await death(end, end.length)).toBeNull()
    expect(await death(end, 1000)).toBe(PANIC)
    expect(await findDeath(join(dir, 'no log yet'), 0)).toBeNull()
  })
})
