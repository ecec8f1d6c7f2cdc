import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'

let folder: string
let program: string
let loader: string
const cache = () => join(folder, 'cache', 'code')

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'posada-code-'))
  program = join(folder, 'program.cjs')
  loader = join(folder, 'loader.mjs')
  await build({
    stdin: {
      contents: `import { loadProgram } from './load-program.ts'
import { codeToKeep } from './load-program.ts'
import { writeFileSync } from 'node:fs'
const [, , file, folder, how] = process.argv
const given = how === 'given' ? codeToKeep(file, folder) : null
const { exports, compiled, keep, code } = loadProgram(file, folder)
console.log(exports.answer(41), compiled)
if (how === undefined) await keep()
else if (given !== null) {
  if (process.argv[5] !== 'nothing') writeFileSync(given.descriptor, code())
  await given.finish()
}`,
      resolveDir: resolve('src/lib/process'),
    },
    outfile: loader,
    bundle: true,
    platform: 'node',
    format: 'esm',
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** In a process of its own: V8 keeps what it has compiled for the rest of the same one. */
const run = (...how: string[]) =>
  execFileSync(process.execPath, [loader, program, join(folder, 'cache'), ...how], {
    encoding: 'utf8',
  }).trim()

it('runs a program, and the next time what was compiled of it; not where that is damaged or another’s', () => {
  writeFileSync(program, `const path = require('node:path')\nexports.answer = (n) => n + path.sep.length\n`)
  expect(run()).toBe('42 false')
  expect(run()).toBe('42 true')
  const [name = ''] = readdirSync(cache())
  const kept = join(cache(), name)
  const bytes = readFileSync(kept)
  for (const at of [0, 40, bytes.length >> 1, bytes.length - 1]) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] ?? 0) ^ 0x5a
    writeFileSync(kept, damaged)
    expect(run()).toBe('42 false')
    expect(run()).toBe('42 true')
  }
  writeFileSync(kept, bytes.subarray(0, 20))
  expect(run()).toBe('42 false')
  chmodSync(kept, 0o622)
  expect(run()).toBe('42 false')
  expect(run()).toBe('42 true')
  writeFileSync(program, 'exports.answer = (n) => n - 1\n')
  expect(run()).toBe('40 false')
  expect(run()).toBe('40 true')
  expect(readdirSync(cache())).toHaveLength(1)
})

it('keeps what another process writes through a descriptor that it is given, and nothing where it writes nothing', () => {
  writeFileSync(program, 'exports.answer = (n) => n - 2\n')
  expect(run('given', 'nothing')).toBe('39 false')
  expect(run('given')).toBe('39 false')
  expect(readdirSync(cache())).toHaveLength(1)
  expect(run('given')).toBe('39 true')
  expect(readdirSync(cache())).toHaveLength(1)
})
