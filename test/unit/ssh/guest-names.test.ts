import { expect, test } from 'vitest'
import { leadsInside, nameBelow } from '../../../src/ssh/copy/guest-names.ts'

test.each([
  ['./', ''],
  ['.', ''],
  ['./a', 'a'],
  ['./a/b/', 'a/b'],
  ['a/b', 'a/b'],
  ['./...', '...'],
  ['./\n\xff', '\n\xff'],
  [`./${'d/'.repeat(99)}e`, `${'d/'.repeat(99)}e`],
])('%j is %j', (written, name) => {
  expect(nameBelow(written)).toBe(name)
})

test.each([
  '/a',
  '..',
  './..',
  './a/../b',
  './a//b',
  './a/./b',
  'nul\0',
  `./${'d/'.repeat(100)}e`,
  `./${'x'.repeat(256)}`,
])('%j is refused', (written) => {
  expect(nameBelow(written)).toBe(null)
})

test.each([
  ['a', 'b', true],
  ['a/b', '../c', true],
  ['a/b', '../../c', false],
  ['a', '..', false],
  ['a', '/etc', false],
  ['a', '', false],
  ['a', 'x\0', false],
  ['a/b/c', '../../../a', false],
])('a link %j to %j leads inside: %s', (name, target, inside) => {
  expect(leadsInside(name, target)).toBe(inside)
})
