import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { interpolate } from '../../../src/manifest/interpolate.ts'
import { cpuSeconds } from '../../helpers/cpu-time.ts'

const variables: Record<string, string> = { NAME: 'shop', EMPTY: '', RAW: '${NAME} $$ }' }
const lookup = (name: string) => (Object.hasOwn(variables, name) ? variables[name] : undefined)
const put = (text: string) => interpolate(text, lookup)

test.each([
  ['${NAME}', 'shop'],
  ['a-${NAME}-b', 'a-shop-b'],
  ['${NAME}${NAME}', 'shopshop'],
  ['${EMPTY}', ''],
  ['${EMPTY:-x}', 'x'],
  ['${EMPTY-x}', ''],
  ['${NOPE:-x}', 'x'],
  ['${NOPE-x y}', 'x y'],
  ['${NOPE:-}', ''],
  ['${NOPE:-${NAME}}', 'shop'],
  ['${NOPE:-a${NOPE:-${NAME}}b}c', 'ashopbc'],
  ['${NAME:-${NOPE}}', 'shop'],
  ['${NAME:?is needed}', 'shop'],
  ['${NOPE:-a:b-c?d}', 'a:b-c?d'],
  ['$$', '$'],
  ['$${NAME}', '${NAME}'],
  ['$$$${NAME}', '$${NAME}'],
  ['$$${NAME}', '$shop'],
  ['$NAME $1 $ $', '$NAME $1 $ $'],
  ['}{', '}{'],
  ['${RAW}', '${NAME} $$ }'],
])('%s becomes %s', (text, expected) => expect(put(text)).toEqual({ text: expected, problems: [] }))

describe('problems', () => {
  test('an unset variable, where it stands', () => {
    expect(put('a ${NOPE} b').problems).toMatchObject([{ code: 'E_VARIABLE_UNSET', at: 2, length: 7 }])
  })

  test('the message of an expression is its hint', () => {
    const [problem] = put('${NOPE:?set it in .env}').problems
    expect(problem).toMatchObject({ code: 'E_VARIABLE_UNSET', hint: 'set it in .env', length: 23 })
    expect(put('${EMPTY:?x}').problems).toHaveLength(1)
    expect(put('${EMPTY?x}').problems).toHaveLength(0)
  })

  test('a default that is needed and names what is not set', () => {
    expect(put('${NOPE:-${OTHER}}').problems).toMatchObject([
      { message: 'the variable OTHER is not set', at: 8 },
    ])
  })

  test.each([
    '${',
    '${}',
    '${1A}',
    '${NAME',
    '${NAME:x}',
    '${NAME:',
    '${NAME:-x',
    '${ NAME }',
    '${NAME:-${NAME}',
  ])('%s is malformed', (text) => expect(put(text).problems).toMatchObject([{ code: 'E_VALUE_INVALID' }]))

  test('all of them are found', () => expect(put('${A} ${B} ${-}').problems).toHaveLength(3))
})

describe('hostile text', () => {
  test('a text that would grow beyond its bound is refused', () => {
    const big = 'x'.repeat(100_000)
    const { text, problems } = interpolate('${A}'.repeat(200_000), () => big)
    expect(text).toBe('')
    expect(problems).toMatchObject([{ code: 'E_VALUE_INVALID' }])
  })

  test.each([
    ['not closed', '${A:-'.repeat(150_000)],
    ['not closed, with malformed ones inside', '${A:-${1}'.repeat(100_000)],
    ['closed once', `${'${A:-'.repeat(150_000)}}`],
    ['dollars', '$'.repeat(1_000_000)],
    ['braces', '}'.repeat(1_000_000)],
  ])('is read in linear time: %s', async (_, text) => {
    expect(await cpuSeconds(() => interpolate(text, () => undefined))).toBeLessThan(2)
  })
})

test('text without a dollar sign is left as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      fc.pre(!text.includes('$'))
      expect(put(text)).toEqual({ text, problems: [] })
    }),
  )
})

const pieces = fc.array(
  fc.constantFrom('$', '{', '}', ':', '-', '?', 'NAME', 'NOPE', 'EMPTY', '1', ' ', '${', '$$'),
  {
    maxLength: 40,
  },
)

test('any text is read without throwing, and its problems stand within it', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('')
      for (const { at, length } of put(text).problems) {
        expect(at).toBeGreaterThanOrEqual(0)
        expect(length).toBeGreaterThan(0)
        expect(at + length).toBeLessThanOrEqual(text.length)
      }
    }),
    { numRuns: 2000 },
  )
})

test('doubling the dollar signs of any text makes it stand for itself', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('')
      expect(put(text.replaceAll('$', '$$$$'))).toEqual({ text, problems: [] })
    }),
  )
})
