import { describe, expect, it } from 'vitest'
import { parseLocation } from '../../../src/machine/copy.ts'

const machines = ['web', 'db-1']

describe('parseLocation', () => {
  it.each([
    ['web:/etc/hosts', { machine: 'web', path: '/etc/hosts' }],
    ['db-1:notes', { machine: 'db-1', path: 'notes' }],
    ['web:', { machine: 'web', path: '.' }],
    ['web:a:b', { machine: 'web', path: 'a:b' }],
    ['./web:1', { machine: null, path: './web:1' }],
    ['/srv/web:1', { machine: null, path: '/srv/web:1' }],
    ['notes.txt', { machine: null, path: 'notes.txt' }],
    ['C:\\notes', { machine: null, path: 'C:\\notes' }],
  ])('%j', (text, location) => {
    expect(parseLocation(text, machines)).toEqual(location)
  })

  it('takes the bytes of a path as they are', () => {
    const odd = Buffer.of(0x2f, 0xff)
    const located = { machine: 'web', path: odd }
    expect(parseLocation(Buffer.concat([Buffer.from('web:'), odd]), machines)).toEqual(located)
    expect(parseLocation(odd, machines)).toEqual({ machine: null, path: odd })
  })

  it('takes what looks like a machine for one, and says how else to write it', () => {
    expect(() => parseLocation('wbe:/etc', machines)).toThrow(
      expect.objectContaining({
        code: 'E_MACHINE_UNKNOWN',
        hint: 'it has: web, db-1; for a file of this name write ./wbe:/etc',
      }),
    )
  })
})
