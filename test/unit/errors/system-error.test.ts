import { expect, it } from 'vitest'
import { fromSystemError } from '../../../src/errors/system-error.ts'

it.each([
  [{ code: 'EMFILE', syscall: 'open', path: '/a' }, 'E_TOO_MANY_FILES'],
  [{ code: 'ENFILE', syscall: 'spawn' }, 'E_TOO_MANY_FILES'],
  [{ code: 'ENOSPC', syscall: 'write' }, 'E_DISK_FULL'],
  [{ code: 'EDQUOT', syscall: 'copyfile', path: '/from', dest: '/to' }, 'E_DISK_FULL', '/to'],
  [{ code: 'EROFS', syscall: 'open', path: '/ro' }, 'E_NO_PERMISSION', '/ro'],
  [{ code: 'ENOENT', syscall: 'uv_cwd' }, 'E_PATH'],
  [{ code: 'ENOTDIR', syscall: 'open', path: '/a/b' }, 'E_PATH', '/a/b'],
  [{ code: 'EADDRNOTAVAIL', syscall: 'listen', address: '127.0.0.1' }, 'E_LOOPBACK'],
  [{ code: 'ENETUNREACH', syscall: 'connect', address: '127.0.0.1' }, 'E_LOOPBACK'],
  [{ code: 'ENOTSUP', syscall: 'flock', path: '/nfs/lock' }, 'E_LOCK_REFUSED', '/nfs/lock'],
  [{ code: 'EIO', syscall: 'read', path: '/a' }, 'E_DISK_FAULT', '/a'],
])('a fault of the host has a code and a hint: %j', (fault, code, value?: string) => {
  expect(fromSystemError(Object.assign(new Error('x'), fault))).toMatchObject({
    code,
    hint: expect.any(String),
    ...(value === undefined ? {} : { value }),
  })
})

it.each([
  { code: 'ENETUNREACH', syscall: 'connect', address: '192.0.2.1' },
  { code: 'ENOENT', syscall: 'open', path: '/a' },
  {},
])('what no user causes stays what it is: %j', (fault) => {
  const error = Object.assign(new Error('x'), fault)
  expect(fromSystemError(error)).toBe(error)
})
