import { expect, it } from 'vitest'
import { keyNamed, keyNames, keysOf } from '../../../../src/machine/keyboard/keys.ts'

it('types each printable character of ASCII with keys of its own, and nothing else', () => {
  const all = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))
  const typed = all.map((character) => keysOf(character)?.join(' ') ?? `no ${character}`)
  expect(new Set(typed).size).toBe(95)
  expect(typed.filter((keys) => !/^(shift )?[a-z0-9_]+$/.test(keys))).toEqual([])
  expect(['a', 'A', '1', '!', '~', '"', '?', '\n'].map(keysOf)).toEqual([
    ['a'],
    ['shift', 'a'],
    ['1'],
    ['shift', '1'],
    ['shift', 'grave_accent'],
    ['shift', 'apostrophe'],
    ['shift', 'slash'],
    ['ret'],
  ])
  expect(['ä', '€', '\r', '\0', 'constructor', ''].map(keysOf)).toEqual([null, null, null, null, null, null])
})

it('knows keys by name, in capitals too, and by what people call them', () => {
  expect(['F2', 'Enter', 'ctrl', 'a', 'A', '-', 'space', 'del'].map(keyNamed)).toEqual([
    ...['f2', 'ret', 'ctrl', 'a', 'a', 'minus', 'spc', 'delete'],
  ])
  expect(['', 'f13', 'enterr', 'constructor'].map(keyNamed)).toEqual([null, null, null, null])
  expect(keyNames.filter((name) => keyNamed(name) === null)).toEqual([])
})
