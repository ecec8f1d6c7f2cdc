import { spawnSync } from 'node:child_process'
import { closeSync } from 'node:fs'
import { expect, it } from 'vitest'
import { textFile } from '../../../../src/lib/native/memory-file.ts'

it('a text is read from its beginning to its end by a program that has it as its input', () => {
  const text = `begin ${'ü'.repeat(300_000)} end`
  const input = textFile(text)
  try {
    const { stdout } = spawnSync('cat', { stdio: [input, 'pipe', 'inherit'], maxBuffer: 2 ** 22 })
    expect(stdout.toString()).toBe(text)
  } finally {
    closeSync(input)
  }
})
