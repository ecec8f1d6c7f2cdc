import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareVersions, nextVersion, parseBoxName } from '../../../src/box/names.ts'
import { normalVersion, versionPattern } from '../../../src/lib/values/box-names.ts'

describe('names of boxes', () => {
  it('have a group, a name and perhaps a version', () => {
    expect(parseBoxName('debian/12')).toEqual({ name: 'debian/12', version: null })
    expect(parseBoxName('posada/tiny@20261122.1')).toEqual({ name: 'posada/tiny', version: '20261122.1' })
  })

  it.each([
    'debian',
    'a/b/c',
    '../12',
    'debian/..',
    '/etc/x',
    'Debian/12',
    'debian/12@',
    'debian/12@1@2',
    'debian/12@..',
    '',
    'a/b@1/../2',
  ])('refuse %j', (text) => {
    expect(() => parseBoxName(text)).toThrow(expect.objectContaining({ code: 'E_BOX_INVALID', value: text }))
  })
})

describe('versions', () => {
  it('are compared number by number', () => {
    const versions = ['20261122.10', '20261122.9', '20251231.1', '20261122']
    expect(versions.sort(compareVersions)).toEqual(['20251231.1', '20261122', '20261122.9', '20261122.10'])
  })

  it('have pre-releases before them, numbers in these by their value', () => {
    const ordered = ['1.0.0-1', '1.0.0-alpha', '1.0.0-rc1', '1.0.0-rc2', '1.0.0-rc10', '1.0.0', '1.0.1-beta']
    expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered)
  })

  it.each([
    ['v1.2.3', '1.2.3'],
    ['V1.2', '1.2'],
    ['20261122.1', '20261122.1'],
    ['1.0.0-rc1', '1.0.0-rc1'],
    ['1.0.0-RC.1+build.5', '1.0.0-rc.1'],
    ['1.0.0.rc1', '1.0.0-rc1'],
    ['1.0.0beta2', '1.0.0-beta2'],
    ['1.2+5', '1.2'],
    ['1.0.0-', null],
    ['1.0.0-../x', null],
    ['1.0.0-a/b', null],
    ['v', null],
    ['latest', null],
    ['1..2', null],
    ['1.2.3.4.5.6.7.8.9', null],
    ['1.2-\n', null],
    ['', null],
  ])('written %j are %j', (text, normal) => {
    expect(normalVersion(text)).toBe(normal)
    if (normal !== null) expect(normal).toMatch(versionPattern)
  })

  it('are ordered totally', () => {
    const numbers = fc.array(fc.nat(99), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'))
    const pre = fc.constantFrom('', '-rc1', '-rc.1', '-rc10', '-rc01', '-beta', '-1')
    const version = fc.tuple(numbers, pre).map((parts) => parts.join(''))
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0)
        expect(compareVersions(a, b) === 0).toBe(a === b)
      }),
    )
  })

  it('follow on those of the same day', () => {
    const now = new Date('2026-11-22T23:59:59Z')
    expect(nextVersion(now, [])).toBe('20261122.1')
    expect(nextVersion(now, ['20261122.9', '20261122.10', '20261121.99'])).toBe('20261122.11')
  })
})
