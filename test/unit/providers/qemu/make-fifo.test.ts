import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { makeFifo } from '../../../../providers/qemu/make-fifo.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'

it('makes a FIFO for its owner alone, or throws as the system does', async () => {
  const folder = await temporaryFolder(onTestFinished)
  const path = join(folder, 'ä fifo')
  makeFifo(path)
  const made = await stat(path)
  expect([made.isFIFO(), made.mode & 0o777]).toEqual([true, 0o600])
  expect(() => makeFifo(path)).toThrow(expect.objectContaining({ code: 'EEXIST', syscall: 'mkfifo', path }))
  expect(() => makeFifo(join(folder, 'no', 'fifo'))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  await writeFile(join(folder, 'file'), '')
  expect(() => makeFifo(join(folder, 'file', 'fifo'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }))
})
