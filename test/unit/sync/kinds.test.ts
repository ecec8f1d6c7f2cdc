import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makePair } from '../../helpers/sync-pair.ts'

// What is carried and how, in both directions: each case is made on one side and looked for on the other.
describe.each([
  ['dash', 'to the guest'],
  ['dash', 'to the host'],
  ['bare', 'to the guest'],
  ['busybox', 'to the host'],
] as const)('with %s in the guest, %s', { timeout: 60_000 }, (shell, way) => {
  const setUp = async () => {
    const pair = makePair(shell)
    await pair.sync()
    const [here, there] = way === 'to the guest' ? [pair.from, pair.to] : [pair.to, pair.from]
    return Object.assign(pair, { here, there })
  }

  test('modes and executable bits; set-user-id is dropped', async () => {
    using pair = await setUp()
    writeFileSync(join(pair.here, 'run'), '#!/bin/sh', { mode: 0o755 })
    writeFileSync(join(pair.here, 'secret'), 'x', { mode: 0o600 })
    writeFileSync(join(pair.here, 'suid'), 'x')
    chmodSync(join(pair.here, 'suid'), 0o4755)
    mkdirSync(join(pair.here, 'private'), { mode: 0o700 })
    await pair.sync()
    const mode = (name: string) => lstatSync(join(pair.there, name)).mode & 0o7777
    expect(['run', 'secret', 'suid', 'private'].map(mode)).toEqual([0o755, 0o600, 0o755, 0o700])
    chmodSync(join(pair.here, 'run'), 0o640)
    chmodSync(join(pair.here, 'private'), 0o750)
    const { toGuest, toHost } = await pair.sync()
    expect(toGuest.bytes + toHost.bytes).toBe(0)
    expect(['run', 'private'].map(mode)).toEqual([0o640, 0o750])
    expect(pair.differences()).toContain('suid')
  })

  test('links, also broken ones and those that lead out, as links', async () => {
    using pair = await setUp()
    writeFileSync(join(pair.here, 'file'), 'x')
    const targets = ['file', 'nowhere', '/etc/passwd', '../..', 'a\nb', 'x'.repeat(300)]
    for (const [index, target] of targets.entries()) symlinkSync(target, join(pair.here, `link${index}`))
    await pair.sync()
    expect(targets.map((_, index) => readlinkSync(join(pair.there, `link${index}`)))).toEqual(targets)
    rmSync(join(pair.here, 'link2'))
    symlinkSync('file', join(pair.here, 'link2'))
    await pair.sync()
    expect(readlinkSync(join(pair.there, 'link2'))).toBe('file')
    expect(pair.differences()).toBe('')
  })

  test('nothing is read or written through a link that takes a folder’s place', async () => {
    using pair = await setUp()
    const outside = join(pair.stateDir, '..', 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'f'), 'outside')
    mkdirSync(join(pair.here, 'd'))
    writeFileSync(join(pair.here, 'd/f'), 'one')
    await pair.sync()
    rmSync(join(pair.here, 'd'), { recursive: true })
    symlinkSync(outside, join(pair.here, 'd'))
    await pair.sync()
    expect(readlinkSync(join(pair.there, 'd'))).toBe(outside)
    rmSync(join(pair.here, 'd'))
    mkdirSync(join(pair.here, 'd'))
    writeFileSync(join(pair.here, 'd/f'), 'two')
    writeFileSync(join(pair.here, 'd/g'), 'three')
    await pair.sync()
    expect(pair.differences()).toBe('')
    expect(readFileSync(join(outside, 'f'), 'utf8')).toBe('outside')
    expect(readdirSync(outside)).toEqual(['f'])
  })

  test('of hard links each becomes a file', async () => {
    using pair = await setUp()
    writeFileSync(join(pair.here, 'a'), 'same')
    linkSync(join(pair.here, 'a'), join(pair.here, 'b'))
    await pair.sync()
    expect(pair.differences()).toBe('')
    expect(lstatSync(join(pair.there, 'a')).nlink).toBe(1)
    appendFileSync(join(pair.here, 'a'), ' and more')
    await pair.sync()
    expect(readFileSync(join(pair.there, 'b'), 'utf8')).toBe('same and more')
  })

  test('sparse files, large and empty ones', async () => {
    using pair = await setUp()
    writeFileSync(join(pair.here, 'empty'), '')
    writeFileSync(join(pair.here, 'large'), Buffer.alloc(3_000_001, 'xyz'))
    writeFileSync(join(pair.here, 'sparse'), 'begin')
    truncateSync(join(pair.here, 'sparse'), 8 * 2 ** 20)
    appendFileSync(join(pair.here, 'sparse'), 'end')
    await pair.sync()
    expect(pair.differences()).toBe('')
  })

  test('names that are odd: not UTF-8, with line ends, quotes, dashes and patterns, and long ones', async () => {
    using pair = await setUp()
    const names = [
      '\xff\xfe',
      'a\nb',
      "it's",
      '"$HOME"',
      '`id`',
      '-rf',
      '--',
      '*',
      '[a]',
      'a\\nb',
      ' ',
      '\t',
      '\r',
      'ü',
      'x'.repeat(255),
    ]
    const at = (name: string) => Buffer.concat([Buffer.from(`${pair.here}/d/`), Buffer.from(name, 'latin1')])
    mkdirSync(join(pair.here, 'd'))
    for (const name of names) writeFileSync(at(name), `content of ${name}`)
    const { skipped } = await pair.sync()
    expect(skipped).toEqual([])
    expect(readdirSync(join(pair.there, 'd'), 'latin1').sort()).toEqual([...names].sort())
    for (const name of names) writeFileSync(at(name), `changed, ${name}`)
    await pair.sync()
    expect(pair.differences()).toBe('')
    for (const name of names.slice(1)) rmSync(at(name))
    await pair.sync()
    expect(readdirSync(join(pair.there, 'd'), 'latin1')).toEqual(names.slice(0, 1))
  })

  test('a file becomes a folder, a folder a file, and names change over others', async () => {
    using pair = await setUp()
    writeFileSync(join(pair.here, 'a'), 'a')
    mkdirSync(join(pair.here, 'b/c'), { recursive: true })
    writeFileSync(join(pair.here, 'b/c/d'), 'd')
    writeFileSync(join(pair.here, 'e'), 'e')
    await pair.sync()
    rmSync(join(pair.here, 'a'))
    mkdirSync(join(pair.here, 'a'))
    writeFileSync(join(pair.here, 'a/inside'), 'inside')
    renameSync(join(pair.here, 'e'), join(pair.here, 'f'))
    writeFileSync(join(pair.here, 'e2'), 'e2')
    renameSync(join(pair.here, 'e2'), join(pair.here, 'f'))
    rmSync(join(pair.here, 'b'), { recursive: true })
    writeFileSync(join(pair.here, 'b'), 'now a file')
    await pair.sync()
    expect(pair.differences()).toBe('')
    expect(pair.trash()).toEqual(['a', 'b/c/d', 'e'].map((path) => `${way.slice(7)} ${path}`))
  })

  test('pipes stay behind, and what had their name on the other side stays', async () => {
    using pair = await setUp()
    writeFileSync(join(pair.here, 'p'), 'a file')
    await pair.sync()
    rmSync(join(pair.here, 'p'))
    execFileSync('mkfifo', [join(pair.here, 'p'), join(pair.here, 'q')])
    const { skipped } = await pair.sync()
    expect(skipped.map(({ path }) => path).sort()).toEqual(['p', 'q'])
    expect(readFileSync(join(pair.there, 'p'), 'utf8')).toBe('a file')
    expect(readdirSync(pair.there)).toEqual(['p'])
  })

  test('what changed is seen though its time and size say nothing', async () => {
    using pair = await setUp()
    writeFileSync(join(pair.here, 'f'), 'one')
    await pair.sync()
    const { atime, mtime } = lstatSync(join(pair.here, 'f'))
    writeFileSync(join(pair.here, 'f'), 'two')
    utimesSync(join(pair.here, 'f'), atime, mtime)
    await pair.sync()
    expect(readFileSync(join(pair.there, 'f'), 'utf8')).toBe('two')
  })

  test('times in the past and the future change nothing', async () => {
    using pair = await setUp()
    writeFileSync(join(pair.here, 'old'), 'x')
    writeFileSync(join(pair.here, 'new'), 'x')
    utimesSync(join(pair.here, 'old'), 0, 0)
    utimesSync(join(pair.here, 'new'), 4_000_000_000, 4_000_000_000)
    await pair.sync()
    writeFileSync(join(pair.there, 'old'), 'changed')
    writeFileSync(join(pair.there, 'new'), 'changed')
    await pair.sync()
    expect(readFileSync(join(pair.here, 'old'), 'utf8')).toBe('changed')
    expect(pair.differences()).toBe('')
  })
})
