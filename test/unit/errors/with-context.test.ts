import { expect, it } from 'vitest'
import { PosadaError, withContext } from '../../../src/errors/index.ts'

const place = { file: '/p/posada.yaml', line: 3, column: 6 }

it('adds what the error does not say itself, and keeps all it says', () => {
  const bare = new PosadaError('E_DISK_FULL', 'no room', { value: '/p', hint: 'free some', details: ['a'] })
  const told = withContext(bare, { machine: 'web', place })
  expect(told).toMatchObject({
    code: 'E_DISK_FULL',
    message: 'no room',
    value: '/p',
    hint: 'free some',
    details: ['a'],
    machine: 'web',
    place,
    stack: bare.stack,
  })
  const other = { file: '/p/posada.yaml', line: 9, column: 1 }
  expect(withContext(told, { machine: 'db', place: other })).toBe(told)
})

it('gives system errors their coded form, and lets bugs pass', () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC', path: '/p/state.json' })
  expect(withContext(full, { machine: 'web' })).toMatchObject({
    code: 'E_DISK_FULL',
    value: '/p/state.json',
    machine: 'web',
    cause: full,
  })
  const bug = new TypeError('x is not a function')
  expect(withContext(bug, { machine: 'web' })).toBe(bug)
})
