import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findProgram } from '../../../../src/lib/process/find-program.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-path-'))
  for (const name of ['a', 'b']) mkdirSync(join(folder, name))
  vi.stubEnv('PATH', `relative:${join(folder, 'a')}:${join(folder, 'b')}`)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

function program(folderName: string, name: string): string {
  const path = join(folder, folderName, name)
  writeFileSync(path, '#!/bin/sh\n')
  chmodSync(path, 0o755)
  return path
}

test('takes the first in PATH that can be run, and no folder', () => {
  mkdirSync(join(folder, 'a', 'tool'))
  const path = program('b', 'tool')
  expect(findProgram('tool')).toBe(path)
  rmSync(path)
  expect(findProgram('tool')).toBeNull()
})

test('a name with a slash is a path of its own', () => {
  const path = program('a', 'tool')
  expect(findProgram(path)).toBe(path)
  expect(findProgram(join(folder, 'b', 'tool'))).toBeNull()
})

test('looks in other folders where they are given, past what may not be run', () => {
  const path = program('a', 'tool')
  program('b', 'tool')
  chmodSync(path, 0o644)
  expect(findProgram('tool', `${join(folder, 'gone')}:${join(folder, 'a')}`)).toBeNull()
  expect(findProgram('tool', `${join(folder, 'a')}:${join(folder, 'b')}`)).toBe(join(folder, 'b', 'tool'))
})
