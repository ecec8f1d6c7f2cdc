import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { plainLine, tailLines } from '../../../../src/machine/observed/console.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-console-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('plainLine', () => {
  it.each([
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u001b]0;new title\u0007shown', 'shown'],
    ['10 %\r50 %\r100 %\r', '100 %'],
    ['a\u0000b\u0007c\u009b31md', 'abcd'],
    ['tab\tstays', 'tab\tstays'],
  ])('%j is shown as %j', (line, shown) => {
    expect(plainLine(line)).toBe(shown)
  })

  it('lets no control character through, and bounds the length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (line) => {
        const shown = plainLine(line)
        expect(shown).not.toMatch(/[^\P{Cc}\t]/u)
        expect(shown.length).toBeLessThanOrEqual(1000)
      }),
    )
  })
})

describe('tailLines', () => {
  it('gives the last lines that say something', async () => {
    const path = join(dir, 'console.log')
    await writeFile(path, 'one\r\n\r\n  \r\ntwo\r\nthree, not ended')
    expect(await tailLines(path, 2)).toEqual(['two', 'three, not ended'])
    expect(await tailLines(path, 9)).toEqual(['one', 'two', 'three, not ended'])
  })

  it('is empty where there is no log', async () => {
    expect(await tailLines(join(dir, 'none'), 5)).toEqual([])
  })

  it('reads only the end of a large log', async () => {
    const path = join(dir, 'console.log')
    await writeFile(path, `${'x'.repeat(5_000_000)}\nlast\n`)
    expect((await tailLines(path, 1)).at(-1)).toBe('last')
  })
})
