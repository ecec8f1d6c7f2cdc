import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDotenv } from '../../../src/manifest/dotenv.ts'
import type { Problem } from '../../../src/manifest/problems.ts'
import { makeSource, placeOf } from '../../../src/manifest/source/source.ts'
import { cpuSeconds } from '../../helpers/cpu-time.ts'

function parse(text: string) {
  const problems: Problem[] = []
  const variables = parseDotenv(makeSource('/shop/.env', text), (problem) => problems.push(problem))
  return { variables: Object.fromEntries(variables), problems }
}

test.each([
  ['A=1', { A: '1' }],
  ['A=1\nB=2\n', { A: '1', B: '2' }],
  ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ['export A=1', { A: '1' }],
  ['  A = 1  ', { A: '1' }],
  ['A=', { A: '' }],
  ['A=\nB=2', { A: '', B: '2' }],
  ['# comment\n\n  # another\nA=1', { A: '1' }],
  ['A=one two # comment', { A: 'one two' }],
  ['A=one#two', { A: 'one#two' }],
  ['A= # comment', { A: '' }],
  ["A='one # two' # comment", { A: 'one # two' }],
  ["A='$HOME \\n'", { A: '$HOME \\n' }],
  ['A="one\\ntwo \\"three\\" \\$ \\\\ \\x"', { A: 'one\ntwo "three" $ \\ x' }],
  ['A="one\ntwo"\nB=2', { A: 'one\ntwo', B: '2' }],
  ["A='one\ntwo'\r\nB=2", { A: 'one\ntwo', B: '2' }],
  ['A=a=b', { A: 'a=b' }],
  ['A=1\nA=2', { A: '2' }],
  ['A=it\'s "so"', { A: 'it\'s "so"' }],
  ['exported=1', { exported: '1' }],
  ['export=1', { export: '1' }],
  ['', {}],
  ['__proto__=1\nconstructor=2', { ['__proto__']: '1', constructor: '2' }],
])('%j', (text, expected) => {
  const { variables, problems } = parse(text)
  expect(problems).toEqual([])
  expect(Object.entries(variables)).toEqual(Object.entries(expected))
})

describe('bad lines', () => {
  test.each([
    ['nonsense', 1, 1],
    ['A=1\nnonsense\nB=2', 2, 1],
    ['A="open', 1, 1],
    ["A='closed' more", 1, 1],
    ['A=1\n2B=3', 2, 1],
    ['A B=3', 1, 1],
    ['=3', 1, 1],
    ['A=\0', 1, 1],
  ])('%j is reported at its place', (text, line, column) => {
    const { problems } = parse(text)
    expect(problems).toMatchObject([{ code: 'E_DOTENV', secret: true }])
    expect(problems.map(({ span }) => placeOf(span))).toMatchObject([{ line, column }])
  })

  test('the other lines are read', () => {
    const { variables, problems } = parse('A=1\n???\nB=2\n!!!\nC=3')
    expect(variables).toEqual({ A: '1', B: '2', C: '3' })
    expect(problems).toHaveLength(2)
  })
})

test('any value in single quotes is taken as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      fc.pre(!value.includes("'") && !value.includes('\0'))
      expect(parse(`A='${value}'\nB=1`)).toEqual({ variables: { A: value, B: '1' }, problems: [] })
    }),
  )
})

test('any text is read to its end', () => {
  const parts = fc.array(
    fc.constantFrom('A', '=', '"', "'", '\n', '\r', '#', ' ', '\\', 'export ', '\0', 'é'),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(parts, (text) => void parse(text.join(''))),
    { numRuns: 2000 },
  )
})

test.each([
  ['quotes', `A="${'x'.repeat(900_000)}"`],
  ['escapes', `A="${'\\n'.repeat(400_000)}"`],
  ['open quotes', 'A="\n'.repeat(200_000)],
  ['open single quotes', "A='x\n".repeat(200_000)],
  ['spaces', ' '.repeat(1_000_000)],
  ['spaces before a sign', `A${' '.repeat(900_000)}B`],
  ['bad lines', '?\n'.repeat(300_000)],
  ['comments', `A=${' #'.repeat(400_000)}`],
])('a large file is read quickly: %s', async (_, text) => {
  expect(await cpuSeconds(() => parse(text))).toBeLessThan(2)
})
