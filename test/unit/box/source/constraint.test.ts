import { describe, expect, it } from 'vitest'
import { fits, parseConstraints } from '../../../../src/box/source/constraint.ts'

const holds = (wanted: string, version: string) => fits(version, parseConstraints(wanted) ?? [])

describe('conditions on versions', () => {
  it.each([
    ['1.2', ['1.2', '1.2.0'], ['1.2.1', '1.20']],
    ['>= 1.2', ['1.2', '1.10', '2', '1.2.0'], ['1.1.9', '1']],
    ['> 1.2', ['1.2.1', '1.3'], ['1.2', '1.2.0']],
    ['<= 1.2', ['1.2', '1.2.0', '0.9'], ['1.2.1']],
    ['< 2', ['1.99', '0'], ['2', '2.0']],
    ['!= 1.2', ['1.3'], ['1.2', '1.2.0']],
    ['~> 1', ['1', '1.9.9'], ['2', '0.9']],
    ['~> 1.2', ['1.2', '1.9', '1.2.7'], ['1.1', '2', '2.0']],
    ['~> 1.2.3', ['1.2.3', '1.2.99'], ['1.2.2', '1.3', '2']],
    ['>= 1.2, < 1.9', ['1.2', '1.8.9'], ['1.9', '1.1']],
    ['v1.2.3', ['1.2.3'], ['1.2.4']],
    ['>= 1.0', ['1.0', '1.1'], ['1.0-rc1', '1.1-rc1', '2-beta']],
    ['1.0.0-rc1', ['1.0.0-rc1'], ['1.0.0', '1.0.0-rc2', '1.0.0-rc10']],
    ['>= 1.0.0.rc2', ['1.0.0-rc2', '1.0.0-rc10', '1.0.0', '1.1-beta'], ['1.0.0-rc1', '0.9']],
    ['~> 1.0-rc1', ['1.0-rc1', '1.0', '1.9'], ['1.0-beta', '2.0-rc1', '2']],
  ])('%s', (wanted, yes, no) => {
    expect(yes.filter((version) => !holds(wanted, version))).toEqual([])
    expect(no.filter((version) => holds(wanted, version))).toEqual([])
  })

  it.each(['', ',', '>= ', '=> 1', '1.2-', '1.2-be/ta', '>= 1,', 'x', 'v', '1..2'])(
    '"%s" is none',
    (text) => {
      expect(parseConstraints(text)).toBeNull()
    },
  )
})
