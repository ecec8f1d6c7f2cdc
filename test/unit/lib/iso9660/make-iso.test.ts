import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeIso } from '../../../../src/lib/iso9660/make-iso.ts'

const time = new Date('2026-11-22T05:06:07Z')
const files = new Map([
  ['meta-data', Buffer.from('{"instance-id": "one"}\n')],
  ['user-data', Buffer.from('#cloud-config\n'.repeat(10_000))],
  ['network-config', Buffer.alloc(2048, 'n')],
  ['vendor-data', Buffer.alloc(0)],
])

let folder: string
let image: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-iso-'))
  image = join(folder, 'seed.iso')
  writeFileSync(image, makeIso(files, { label: 'cidata', time }))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const isoinfo = (...args: string[]) =>
  execFileSync('isoinfo', ['-i', image, ...args], { encoding: 'latin1', maxBuffer: 2 ** 24 })

describe('an ISO image as other programs read it', () => {
  it('has its label, both extensions and whole blocks', () => {
    const said = isoinfo('-d')
    expect(said).toContain('Volume id: cidata\n')
    expect(said).toContain('Joliet with UCS level 3 found')
    expect(said).toContain('Rock Ridge signatures version 1 found')
    expect(Number(/Volume size is: (\d+)/.exec(said)?.[1]) * 2048).toBe(readFileSync(image).length)
    expect(execFileSync('blkid', ['-o', 'export', image], { encoding: 'utf8' })).toMatch(
      /^LABEL=cidata\n(.*\n)*TYPE=iso9660$/m,
    )
  })

  it.each([
    ['Rock Ridge', '-R'],
    ['Joliet', '-J'],
  ])('gives each file under its name by %s', (_, flag) => {
    for (const [name, content] of files)
      expect(isoinfo(flag, '-x', `/${name}`) === content.toString('latin1'), name).toBe(true)
  })

  it('has short names for readers that know no extension', () => {
    expect(isoinfo('-f').trim().split('\n').sort()).toEqual([
      '/META_DAT.;1',
      '/NETWORK_.;1',
      '/USER_DAT.;1',
      '/VENDOR_D.;1',
    ])
  })

  it('is unpacked by xorriso without a complaint', () => {
    const out = join(folder, 'out')
    const argv = ['-abort_on', 'WARNING', '-osirrox', 'on', '-indev', image, '-extract', '/', out]
    execFileSync('xorriso', argv, { stdio: 'pipe' })
    expect(readdirSync(out).sort()).toEqual([...files.keys()].sort())
    for (const [name, content] of files)
      expect(readFileSync(join(out, name)).equals(content), name).toBe(true)
  })
})

describe('makeIso', () => {
  it('makes the same bytes of the same files', () => {
    expect(makeIso(files, { label: 'cidata', time }).equals(readFileSync(image))).toBe(true)
  })

  it('takes no name that would be lost', () => {
    const make = (...names: string[]) =>
      makeIso(new Map(names.map((name) => [name, Buffer.alloc(1)])), { label: 'x', time })
    expect(() => make('../a')).toThrow('not a name')
    expect(() => make('user-data', 'user_data')).toThrow('the same in 8 characters')
    expect(() => make(...Array.from({ length: 40 }, (_, index) => `n${index}`))).toThrow('do not fit')
  })
})
