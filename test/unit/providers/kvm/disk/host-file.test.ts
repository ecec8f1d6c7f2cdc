import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HostFile } from '../../../../../providers/kvm/disk/host-file.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'posada-host-file-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('a file is flushed, on this thread and away from it', async () => {
  // A device that cannot be flushed shows who asks for it.
  const file = new HostFile('/dev/null', { readOnly: false })
  expect(() => file.sync()).toThrow(expect.objectContaining({ code: 'EINVAL', syscall: 'fdatasync' }))
  await expect(file.syncAway()).rejects.toMatchObject({ code: 'EINVAL', syscall: 'fdatasync' })
  file.close()
})

test('one that is thrown away is not, and has what was written', async () => {
  const nothing = new HostFile('/dev/null', { readOnly: false, throwAway: true })
  expect(() => nothing.sync()).not.toThrow()
  await expect(nothing.syncAway()).resolves.toBeUndefined()
  nothing.close()
  const path = join(dir, 'disk')
  closeSync(openSync(path, 'w'))
  const file = new HostFile(path, { readOnly: false, throwAway: true })
  file.write(2, [Buffer.from('ab'), Buffer.from('c')])
  await file.syncAway()
  file.close()
  expect(readFileSync(path, 'latin1')).toBe('\0\0abc')
})
