import { describe, expect, it } from 'vitest'
import { cutTo, displayWidth, expandTabs, makeVisible, padTo, plainOutput } from '../../../src/ui/text.ts'

describe('makeVisible', () => {
  it('shows what would act on a terminal, and leaves the rest', () => {
    expect(makeVisible('a\u001b[2Jb')).toBe('a\\x1b[2Jb')
    expect(makeVisible('a\u009bb\u007f')).toBe('a\\x9bb\\x7f')
    expect(makeVisible('safe \u202eevil')).toBe('safe \\u202eevil')
    expect(makeVisible('lone \ud800 half')).toBe('lone \\ud800 half')
    expect(makeVisible('tab\tline\nñ 日本 😀')).toBe('tab\tline\nñ 日本 😀')
  })
})

describe('plainOutput', () => {
  it('takes colours out and shows other sequences', () => {
    expect(plainOutput('\u001b[1;31mred\u001b[0m \u001b[2Kgone')).toBe('red \\x1b[2Kgone')
  })
})

describe('width', () => {
  it('counts columns as terminals do', () => {
    expect(displayWidth('日本')).toBe(4)
    expect(displayWidth('e\u0301')).toBe(1)
    expect(displayWidth('abc')).toBe(3)
  })

  it('expands tabs by columns, not by characters', () => {
    expect(expandTabs('a\tb')).toBe('a   b')
    expect(expandTabs('日\tb')).toBe('日  b')
  })

  it('cuts and fills to a number of columns', () => {
    expect(cutTo('日本語', 4)).toBe('日…')
    expect(cutTo('abc', 3)).toBe('abc')
    expect(padTo('日', 4)).toBe('日  ')
  })
})
