import { describe, expect, it } from 'vitest'
import {
  count,
  list,
  oneOf,
  optional,
  orNull,
  readShape,
  record,
  text,
  truth,
} from '../../../../src/lib/values/shape.ts'

interface Thing {
  name: string
  sizes: number[]
  kind?: 'a' | 'b'
  on: boolean
  parent: string | null
}

const thing = record<Thing>({
  name: text({ max: 5, pattern: /^[a-z]+$/, problem: 'not a name' }),
  sizes: list(count(), { max: 3 }),
  kind: optional(oneOf(['a', 'b'])),
  on: optional(truth(), true),
  parent: orNull(text()),
})

describe('readShape', () => {
  it('reads what fits, with what stands for absent keys', () => {
    expect(readShape(thing, { name: 'x', sizes: [0, 1], parent: null })).toEqual({
      value: { name: 'x', sizes: [0, 1], on: true, parent: null },
    })
  })

  it('tells all that is wrong, each with its place', () => {
    const wrong = { name: 'X', sizes: [1, -1, 1.5], kind: 'c', on: 'yes', other: 1 }
    expect(readShape(thing, wrong)).toEqual({
      flaws: [
        'other: is not a known key',
        'name: is not a name',
        'sizes.1: is not a whole number from 0 upwards',
        'sizes.2: is not a whole number from 0 upwards',
        'kind: is not a or b',
        'on: is not true or false',
        'parent: is missing',
      ],
    })
  })

  it.each([null, [], 'x', 4, undefined])('refuses %j in place of a mapping', (value) => {
    expect(readShape(thing, value)).toEqual({ flaws: ['the whole: is not a mapping of keys'] })
  })

  it('takes inherited names for no known keys', () => {
    const value = JSON.parse('{"name":"x","sizes":[],"parent":null,"__proto__":{},"constructor":1}')
    expect(readShape(thing, value)).toEqual({
      flaws: ['__proto__: is not a known key', 'constructor: is not a known key'],
    })
  })

  it('bounds texts and lists', () => {
    const value = { name: 'abcdef', sizes: [1, 2, 3, 4], parent: null }
    expect(readShape(thing, value)).toEqual({
      flaws: ['name: is not a name', 'sizes: is not a list of 0 to 3 items'],
    })
  })
})
