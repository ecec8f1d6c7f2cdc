import { expect, test } from 'vitest'
import { joined, rawWords } from '../../../src/cli/raw-words.ts'

const given =
  (...words: (string | number[])[]) =>
  () =>
    Buffer.concat(words.flatMap((word) => [Buffer.from(word as string), Buffer.of(0)]))
const [ff, fe] = [Buffer.of(0xff), Buffer.of(0xfe)]
const damaged = ff.toString()

test('words that are text stay as they are, and nothing is looked up', () => {
  const never = () => {
    throw new Error('looked up')
  }
  expect(rawWords(['cat', 'ä'], never)).toEqual(['cat', 'ä'])
})

test('others are the bytes that stand in their place', () => {
  const argv = given('node', 'posada', 'exec', [0xfe], '--', 'cat', [0xff], 'ä', [0xfe])
  expect(rawWords(['cat', damaged, 'ä', damaged], argv)).toEqual(['cat', ff, 'ä', fe])
})

test('a word that has the replacement character of its own is text', () => {
  const argv = given('node', 'posada', 'exec', '--', damaged)
  expect(rawWords([damaged], argv).map((word) => Buffer.from(word as string))).toEqual([Buffer.from(damaged)])
})

test('where the system does not tell, they stay as Node has them', () => {
  expect(rawWords([damaged], () => Buffer.alloc(0))).toEqual([damaged])
})

test('words are joined as text, or as bytes where one is not text', () => {
  expect(joined(['echo', 'a', 'b'])).toBe('echo a b')
  expect(joined(['echo', ff, 'b'])).toEqual(Buffer.concat([Buffer.from('echo '), ff, Buffer.from(' b')]))
})
