import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { rotateOpenFile } from '../../../../src/lib/files/rotate-file.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'posada-rotate-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

it('empties a file that is too large, under whoever appends to it', async () => {
  const path = join(dir, 'log')
  const file = openSync(path, 'a')
  writeSync(file, 'first')
  await rotateOpenFile(path, 5)
  expect(existsSync(`${path}.1`)).toBe(false)
  writeSync(file, ' second')
  await rotateOpenFile(path, 5)
  writeSync(file, 'third')
  closeSync(file)
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('first second')
  expect(readFileSync(path, 'utf8')).toBe('third')
  appendFileSync(path, ' and more')
  await rotateOpenFile(path, 5)
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('third and more')
  expect(readdirSync(dir).sort()).toEqual(['log', 'log.1'])
})

it('leaves alone what is not there', async () => {
  await rotateOpenFile(join(dir, 'none'), 0)
  expect(readdirSync(dir)).toEqual([])
})
