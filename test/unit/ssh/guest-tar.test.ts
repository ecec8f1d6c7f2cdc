import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findProgram } from '../../../src/lib/process/find-program.ts'
import { takeFileScript, unpackScript } from '../../../src/ssh/copy/guest-tar.ts'

let place: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'posada-guest-tar-'))
  mkdirSync(join(place, 'host', 'tree', 'deep'), { recursive: true })
  mkdirSync(join(place, 'host', 'end'))
  mkdirSync(join(place, 'guest'))
  for (const name of ['a', '.b', '..c', 'a\nb', '-rf', 'deep/d'])
    writeFileSync(join(place, 'host', 'tree', name), name)
  symlinkSync('deep', join(place, 'host', 'tree', 'link'))
  chmodSync(join(place, 'host', 'tree', 'deep'), 0o555)
})
afterEach(() => {
  spawnSync('chmod', ['-R', 'u+rwx', place])
  rmSync(place, { recursive: true, force: true })
})

const pack = (...last: string[]) =>
  spawnSync('tar', ['-c', '-C', join(place, 'host'), '--no-recursion', ...last], { maxBuffer: 2 ** 24 })
    .stdout
const members = ['./tree/a', './tree/.b', './tree/..c', './tree/a\nb', './tree/-rf', './tree/link']
const folders = ['./tree/deep/d', './tree/deep', './tree']

/** With the programs of a PATH; busybox's in a folder of its own. */
function unpack(
  programs: string,
  archive: Buffer,
  to = join(place, 'guest', 'new'),
  script: string = unpackScript,
) {
  return run(programs, script, { archive, argv: [to, 'tree', temporary, '', 'end'] })
}

const temporary = '.posada-0123456789abcdef.tmp'

function run(programs: string, script: string, { archive, argv }: { archive: Buffer; argv: string[] }) {
  const { status, stderr } = spawnSync('/bin/sh', ['-c', script, 'sh', ...argv], {
    input: archive,
    cwd: join(place, 'guest'),
    env: { PATH: programs === 'busybox' ? busybox() : process.env.PATH },
  })
  return { status, said: stderr.toString() }
}

function busybox(): string {
  const folder = join(place, 'busybox')
  mkdirSync(folder, { recursive: true })
  for (const name of ['tar', 'find', 'mv', 'mkdir', 'chmod', 'rm', 'stat'])
    if (!existsSync(join(folder, name))) symlinkSync(findProgram('busybox') ?? '', join(folder, name))
  return folder
}

describe.each(['GNU', 'busybox'])('with programs of %s', (programs) => {
  const whole = () => pack(...members, ...folders, 'end')

  it('takes a folder, and one into one that is there', () => {
    expect(unpack(programs, whole())).toEqual({ status: 0, said: '' })
    const at = join(place, 'guest', 'new')
    expect(readdirSync(at).sort()).toEqual(['-rf', '..c', '.b', 'a', 'a\nb', 'deep', 'link'])
    mkdirSync(join(at, 'tree', 'deep'), { recursive: true })
    writeFileSync(join(at, 'tree', 'a'), 'before')
    writeFileSync(join(at, 'tree', 'other'), 'stays')
    symlinkSync('..', join(at, 'tree', 'link'))
    expect(unpack(programs, whole())).toEqual({ status: 0, said: '' })
    expect(readdirSync(join(at, 'tree')).sort()).toEqual([
      '-rf',
      '..c',
      '.b',
      'a',
      'a\nb',
      'deep',
      'link',
      'other',
    ])
    expect(readFileSync(join(at, 'tree', 'a'), 'utf8')).toBe('a')
    expect(readFileSync(join(at, 'tree', 'link', 'd'), 'utf8')).toBe('deep/d')
    expect(statSync(join(at, 'tree', 'deep')).mode & 0o777).toBe(0o555)
    expect(readdirSync(at)).not.toContain('.posada-0123456789abcdef.tmp')
  })

  it('leaves nothing beside a folder that is named from where it begins', () => {
    for (let times = 0; times < 3; times++)
      expect(unpack(programs, whole(), 'new')).toEqual({ status: 0, said: '' })
    expect(readdirSync(join(place, 'guest'))).toEqual(['new'])
    expect(readdirSync(join(place, 'guest', 'new', 'tree'))).toHaveLength(7)
    expect(readdirSync(join(place, 'guest', 'new'))).toHaveLength(8)
  })

  describe('a file', () => {
    const packed = () => {
      writeFileSync(join(place, 'host', 'one'), 'new'.repeat(1000))
      chmodSync(join(place, 'host', 'one'), 0o4751)
      return pack(`--transform=s,.*,${temporary},`, './one')
    }
    const take = (to: string, archive = packed(), slash = '') =>
      run(programs, takeFileScript, { archive, argv: [to, 'one', temporary, slash] })
    const fine = { status: 0, said: '' }
    const at = (name = '') => join(place, 'guest', name)
    const read = (name: string) => readFileSync(at(name), 'utf8')

    it('comes under its name, into a folder, over a file and over a link', () => {
      mkdirSync(at('-folder'))
      writeFileSync(at('old'), 'old')
      writeFileSync(at('elsewhere'), 'old')
      symlinkSync('elsewhere', at('link'))
      for (const to of [at('-new'), 'new', '-folder', '-folder/-other', './old', 'link'])
        expect(take(to)).toEqual(fine)
      expect(take(at('-folder'), packed(), '/')).toEqual(fine)
      const names = ['-folder', '-new', 'elsewhere', 'link', 'new', 'old']
      expect(readdirSync(at()).sort()).toEqual(names)
      expect(readdirSync(at('-folder')).sort()).toEqual(['-other', 'one'])
      for (const name of ['-folder/one', '-folder/-other', '-new', 'link', 'new', 'old']) {
        expect(read(name)).toBe('new'.repeat(1000))
        expect(statSync(at(name)).mode & 0o7777).toBe(0o4751)
      }
      expect(read('elsewhere')).toBe('old')
    })

    it('is not taken where it was cut off', () => {
      const whole = packed()
      for (const bytes of [0, 100, 512, 600, 3000, 3511]) {
        expect(take('new', whole.subarray(0, bytes)).status, `${bytes} bytes`).not.toBe(0)
        expect(readdirSync(at())).toEqual([])
      }
    })

    it('says what is in its way', () => {
      mkdirSync(at('folder/one'), { recursive: true })
      writeFileSync(at('file'), '')
      const said = (word: string) => ({ status: 97, said: expect.stringContaining(`posada-copy ${word} `) })
      expect(take('folder')).toEqual(said('folder'))
      expect(take('none/new')).toEqual(said('parent'))
      expect(take('file', packed(), '/')).toEqual(said('slash'))
      expect(readdirSync(at()).sort()).toEqual(['file', 'folder'])
    })
  })

  describe('a folder without folders', () => {
    const flat = (names: string[]) => {
      rmSync(join(place, 'host', 'tree'), { recursive: true, force: true })
      mkdirSync(join(place, 'host', 'tree'), { mode: 0o750 })
      for (const name of names) writeFileSync(join(place, 'host', 'tree', name), 'new')
      symlinkSync('../guest', join(place, 'host', 'tree', 'link'))
      return pack('./tree', ...[...names, 'link'].map((name) => `./tree/${name}`), 'end')
    }
    const at = (name = '') => join(place, 'guest', 'tree', name)

    it.each([[['*']], [['.a', '..b', '-rf', '* *', 'a\nb', '?']], [['..b']], [['.a']], [[]]])(
      'goes over another by a single rename each: %j',
      (names) => {
        mkdirSync(at())
        for (const name of [...names.slice(1), 'other']) writeFileSync(at(name), 'old')
        expect(unpack(programs, flat(names), join(place, 'guest'))).toEqual({ status: 0, said: '' })
        expect(readdirSync(at()).sort()).toEqual([...names, 'link', 'other'].sort())
        for (const name of names) expect(readFileSync(at(name), 'utf8')).toBe('new')
        expect(readFileSync(at('other'), 'utf8')).toBe('old')
        expect(statSync(at()).mode & 0o7777).toBe(0o750)
        expect(readdirSync(join(place, 'guest'))).toEqual(['tree'])
      },
    )

    it('has more names than a command line', () => {
      const names = Array.from({ length: 1100 }, (_, n) => `${n}${'n'.repeat(240)}`)
      mkdirSync(at())
      const limited = `ulimit -s 1024 && ${unpackScript}`
      expect(unpack(programs, flat(names), join(place, 'guest'), limited)).toMatchObject({ status: 0 })
      expect(readdirSync(at())).toHaveLength(names.length + 1)
    })
  })

  it('takes nothing of an archive that was cut off behind a member', () => {
    expect(unpack(programs, pack(...members, ...folders))).toMatchObject({
      status: 97,
      said: expect.stringContaining('short'),
    })
    const bytes = whole()
    const end = bytes.indexOf('end/')
    expect(unpack(programs, bytes.subarray(0, end))).toMatchObject({ status: 97 })
    expect(readdirSync(join(place, 'guest'))).toEqual([])
  })

  it('leaves a folder in the way of a file, and says so', () => {
    const at = join(place, 'guest', 'new')
    mkdirSync(join(at, 'tree', 'a', 'full'), { recursive: true })
    const { status, said } = unpack(programs, whole())
    expect(status).not.toBe(0)
    expect(said).toMatch(/^posada-copy folder .*\/tree\/.*a$/m)
    expect(readdirSync(join(at, 'tree', 'a'))).toEqual(['full'])
    expect(readdirSync(at)).toEqual(['tree'])
  })
})
