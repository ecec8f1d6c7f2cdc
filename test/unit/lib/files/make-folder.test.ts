import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { makeFolder } from '../../../../src/lib/files/make-folder.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'

it('makes a folder with those above it, and takes one that is there', async () => {
  const folder = await temporaryFolder(onTestFinished)
  const path = join(folder, 'a', 'b', 'c')
  await Promise.all([1, 2, 3].map(() => makeFolder(path, { mode: 0o700 })))
  expect(statSync(path).mode & 0o777).toBe(0o700)
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  await makeFolder(join(folder, 'link'))
  await makeFolder(join(folder, 'link', 'in'))
  expect(statSync(join(folder, 'real', 'in')).isDirectory()).toBe(true)
})

it('says why it cannot, by the system’s own reason', async () => {
  const folder = await temporaryFolder(onTestFinished)
  const file = join(folder, 'file')
  writeFileSync(file, '')
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST', path: file })
  await expect(makeFolder(join(file, 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  // Node's recursive mkdir never ends there.
  await expect(makeFolder('/proc/posada/a/b')).rejects.toMatchObject({ code: 'ENOENT', path: '/proc/posada' })
})
