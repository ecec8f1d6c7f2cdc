import { describe, expect, it } from 'vitest'
import { palette, useColour } from '../../../src/ui/colour.ts'

const terminal = { isTTY: true }
const pipe = {}

describe('useColour', () => {
  it.each([
    ['a terminal', { stream: terminal, env: {}, off: false }, true],
    ['a pipe', { stream: pipe, env: {}, off: false }, false],
    ['--no-color', { stream: terminal, env: { FORCE_COLOR: '1' }, off: true }, false],
    ['NO_COLOR', { stream: terminal, env: { NO_COLOR: '1', FORCE_COLOR: '1' }, off: false }, false],
    ['an empty NO_COLOR', { stream: terminal, env: { NO_COLOR: '' }, off: false }, true],
    ['FORCE_COLOR in a pipe', { stream: pipe, env: { FORCE_COLOR: '1' }, off: false }, true],
    ['FORCE_COLOR=0 on a terminal', { stream: terminal, env: { FORCE_COLOR: '0' }, off: false }, false],
    ['a dumb terminal', { stream: terminal, env: { TERM: 'dumb' }, off: false }, false],
  ])('%s', (_, options, expected) => {
    expect(useColour(options)).toBe(expected)
  })
})

describe('palette', () => {
  it('leaves text alone where colours are off', () => {
    expect(palette(false).red('x')).toBe('x')
    expect(palette(true).red('x')).toBe('\u001b[31mx\u001b[39m')
  })
})
