import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makePair } from '../../helpers/sync-pair.ts'

/** Leaves the guest python3 and no other program. */
const onlyPython = `d=$(mktemp -d); trap '/bin/rm -rf "$d"' EXIT
ln -s "$(python3 -c 'import sys; print(sys.executable)')" "$d/python3"; PATH=$d; export PATH`

test('where there is python3 the guest needs no other program', { timeout: 60_000 }, async () => {
  using pair = makePair('dash', { exclude: ['out', '*.log'] }, onlyPython)
  mkdirSync(join(pair.from, 'src/deep'), { recursive: true })
  for (const name of ['src/a', 'src/deep/b', `src/${'long'.repeat(60)}`, 'run'])
    writeFileSync(join(pair.from, name), `first ${name}`)
  chmodSync(join(pair.from, 'run'), 0o755)
  symlinkSync('a', join(pair.from, 'src/link'))
  await pair.sync()
  expect(pair.differences()).toBe('')
  for (const [here, there] of [
    [pair.from, pair.to],
    [pair.to, pair.from],
  ] as const) {
    writeFileSync(join(here, 'src/a'), `from ${here}`)
    renameSync(join(here, 'src/deep'), join(here, 'src/moved'))
    chmodSync(join(here, 'run'), lstatSync(join(here, 'run')).mode ^ 0o111)
    rmSync(join(here, 'src/link'))
    symlinkSync(`of ${here}`, join(here, 'src/link'))
    await pair.sync()
    expect(pair.differences()).toBe('')
    expect(readFileSync(join(there, 'src/a'), 'utf8')).toBe(`from ${here}`)
    renameSync(join(here, 'src/moved'), join(here, 'src/deep'))
    await pair.sync()
  }
  expect(pair.trash().filter((path) => path.endsWith('src/a'))).toEqual(['guest src/a', 'host src/a'])
})

test('a folder that became a link in the guest is not written through', { timeout: 60_000 }, async () => {
  using pair = makePair('dash')
  const outside = join(pair.from, '../outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'f'), 'not ours')
  mkdirSync(join(pair.from, 'd'))
  writeFileSync(join(pair.from, 'd/f'), '1')
  writeFileSync(join(pair.from, 'g'), '1')
  await pair.sync()
  rmSync(join(pair.to, 'd'), { recursive: true })
  symlinkSync(outside, join(pair.to, 'd'))
  writeFileSync(join(pair.from, 'd/f'), '2')
  await pair.sync()
  await pair.sync()
  expect(readFileSync(join(outside, 'f'), 'utf8')).toBe('not ours')
})

test('a name that exclude takes back is carried from the guest too', { timeout: 60_000 }, async () => {
  using pair = makePair('dash', { exclude: ['data', '!src/data'] })
  mkdirSync(join(pair.from, 'src'))
  await pair.sync()
  for (const place of ['data', 'src/data']) {
    mkdirSync(join(pair.to, place))
    writeFileSync(join(pair.to, place, 'f'), '1')
  }
  await pair.sync()
  expect(readFileSync(join(pair.from, 'src/data/f'), 'utf8')).toBe('1')
  expect(lstatSync(join(pair.from, 'data'), { throwIfNoEntry: false })).toBe(undefined)
})

test('many files arrive as they are, whether they can be deflated or not', { timeout: 60_000 }, async () => {
  using pair = makePair('dash', {}, onlyPython)
  for (let count = 0; count < 300; count++) {
    mkdirSync(join(pair.from, `d${count % 7}`), { recursive: true })
    writeFileSync(
      join(pair.from, `d${count % 7}/f${count}`),
      count % 2 === 0 ? 'x'.repeat(count * 20) : randomBytes(count * 9),
    )
  }
  for (const size of [65_536, 65_537, 196_608, 300_001])
    writeFileSync(join(pair.from, `${size}`), randomBytes(size))
  await pair.sync()
  expect(pair.differences()).toBe('')
  for (const size of [65_536, 65_537, 18 * 2 ** 20])
    writeFileSync(join(pair.from, `${size}`), randomBytes(size))
  const told: string[] = []
  await pair.sync((event) => {
    if (event.type === 'progress') told.push(`${event.done} of ${event.total} ${event.message}`)
  })
  expect([told[0], told.at(-1)]).toEqual(['0 of 3 files, 18.1MiB to go', '3 of 3 files'])
  expect(pair.differences()).toBe('')
})
