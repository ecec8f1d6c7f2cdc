import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { takeArchive } from '../../../src/box/archive/take-archive.ts'
import { boxContent, temporaryFolder } from '../../helpers/box-files.ts'
import { type TarMember, tar } from '../../helpers/tar.ts'

const members = (content = boxContent()): TarMember[] =>
  [...content].map(([name, text]) => ({ name, content: text }))

async function take(bytes: Uint8Array) {
  const folder = await temporaryFolder(onTestFinished)
  const archive = join(folder, 'a box.tar')
  await writeFile(archive, bytes)
  const target = await temporaryFolder(onTestFinished)
  return { target, result: takeArchive(archive, target), names: () => readdir(target) }
}

describe('box archives', () => {
  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['packed with gzip', gzipSync],
  ])('are unpacked: %s', async (_, pack) => {
    const { result, target } = await take(pack(tar(members())))
    await expect(result).resolves.toMatchObject({ name: 'test/one' })
    for (const [name, text] of boxContent()) expect(await readFile(join(target, name), 'utf8')).toBe(text)
  })

  it('may name their files as ./file, after the folder itself', async () => {
    const dotted = members().map((member) => ({ ...member, name: `./${member.name}` }))
    const { result } = await take(tar([{ name: './', type: '5' }, ...dotted]))
    await expect(result).resolves.toMatchObject({ name: 'test/one' })
  })

  const [json, disk, key] = members() as [TarMember, TarMember, TarMember]
  const hostile: [string, TarMember[], RegExp][] = [
    ['an absolute name', [json, { ...disk, name: '/etc/passwd' }, key], /not a plain file name/],
    ['a name that leads out', [json, { ...disk, name: '../root.raw' }, key], /not a plain file name/],
    ['a name in a folder', [json, { ...disk, name: 'a/root.raw' }, key], /not a plain file name/],
    ['a symbolic link', [json, { name: 'root.raw', type: '2', link: '/etc/shadow' }, key], /symbolic link/],
    ['a hard link', [json, { name: 'root.raw', type: '1', link: 'login.key' }, key], /hard link/],
    ['a device', [json, { name: 'root.raw', type: '3' }, key], /device/],
    ['a named pipe', [json, { name: 'root.raw', type: '6' }, key], /named pipe/],
    ['a folder', [json, { name: 'more/', type: '5' }, disk, key], /folder/],
    ['many folders', [{ name: './', type: '5' }, { name: './', type: '5' }, json, disk, key], /folders/],
    [
      'an extended header',
      [json, { name: 'x', type: 'x', content: '20 size=99999999999\n' }, disk, key],
      /extended/,
    ],
    ['a sparse file', [json, { ...disk, type: 'S' }, key], /sparse/],
    ['a file twice', [json, disk, disk, key], /twice/],
    ['box.json twice', [json, json, disk, key], /twice/],
    [
      'a file that box.json does not name',
      [json, disk, key, { name: 'more', content: 'x' }],
      /does not name/,
    ],
    ['more bytes than announced', [json, { ...disk, content: 'x'.repeat(100_000) }, key], /box.json says/],
    ['a size that is not there', [json, disk, { ...key, size: 8 ** 11 - 1 }], /box.json says/],
    ['another first file', [disk, json, key], /first file is not box.json/],
    ['a file too few', [json, disk], /lacks login.key/],
    ['a wrong checksum', [json, { ...disk, checksum: 1 }, key], /checksum/],
    ['an endless box.json', [{ ...json, size: 1e9 }, disk, key], /too large/],
    ['nothing', [], /first file/],
  ]
  it.each(hostile)('are refused with %s', async (_, list, problem) => {
    const { result } = await take(tar(list))
    await expect(result).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringMatching(problem),
    })
  })

  it('are refused where the content is not what box.json says', async () => {
    const { result } = await take(tar([json, { ...disk, content: 'the DISK' }, key]))
    await expect(result).rejects.toMatchObject({ code: 'E_BOX_CORRUPT' })
  })

  it('are refused when cut off anywhere, or when they are something else', async () => {
    const whole = tar(members(), { end: false })
    for (const length of [0, 3, 511, 512, 700, whole.length - 513, whole.length]) {
      const { result } = await take(whole.subarray(0, length))
      await expect(result, `cut at ${length}`).rejects.toMatchObject({ code: 'E_BOX_INVALID' })
    }
    for (const bytes of [
      gzipSync(whole).subarray(0, 60),
      Buffer.from('28b52ffd00', 'hex'),
      Buffer.alloc(2000, 7),
    ]) {
      const { result } = await take(bytes)
      await expect(result).rejects.toMatchObject({ code: 'E_BOX_INVALID' })
    }
  })

  it('that are a bomb are refused before they are unpacked', async () => {
    const bomb = gzipSync(tar([json, { ...disk, content: '0'.repeat(50_000_000) }, key]))
    expect(bomb.length).toBeLessThan(100_000)
    const { result, names } = await take(bomb)
    await expect(result).rejects.toMatchObject({ code: 'E_BOX_INVALID' })
    expect(await names()).toEqual(['box.json'])
  })

  it('with any byte of a header changed write nothing but the names of the box', async () => {
    const whole = tar(members())
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] ?? 0) ^ flip
        const { result, names } = await take(bytes)
        const outcome = await result.then(
          () => 'taken',
          (error: { code?: string }) => error.code,
        )
        expect(['taken', 'E_BOX_INVALID', 'E_BOX_CORRUPT']).toContain(outcome)
        for (const name of await names()) expect([...boxContent().keys()]).toContain(name)
      }),
      { numRuns: 150 },
    )
  })
})
